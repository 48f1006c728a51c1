"""Files that answer one question. What they are is decided by their bytes; pages are made of them in the sandbox."""

from __future__ import annotations

import uuid
from pathlib import PurePath

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from klisza.audit.actor import Actor
from klisza.base import clock
from klisza.base.errors import NotFound, Refused
from klisza.base.plain import one_line
from klisza.blobs import services as blobs
from klisza.documents import services as documents
from klisza.questionnaires.models import Answer, AnswerFile, SurveyRequest

from .answers import Change, Outcome, save

# What "Moje dokumenty" can show; everything else belongs on the files page, where it is sorted.
KINDS = (documents.PDF, *documents.PICTURES)


def attach(*, request: SurveyRequest, path: str, sent: UploadedFile, seen: int, by: Actor) -> Outcome:
    """Keep one file and make it the answer, or one more of a question that takes several.

    Raises Refused with a sentence that says what is wrong with this file, SurveyClosed.
    """
    data = _bytes_of(sent)
    media_type = _kind_of(data)
    stored = blobs.put(data)
    name = one_line(PurePath(sent.name or "").name, most=160) or _("Document")
    with transaction.atomic():
        file = AnswerFile.objects.create(
            request=request, path=path, blob=blobs.save(stored), name=name, media_type=media_type,
            created_at=clock.now(),
        )  # fmt: skip
        known = Answer.objects.filter(request=request, path=path).first()
        value = [*(known.value if known else []), _answer(file, len(data))]
        return save(request=request, changes=[Change(path, value, seen)], by=by)


def _answer(file: AnswerFile, size: int) -> dict[str, dict[str, object]]:
    return {
        "valueAttachment": {
            "id": str(file.pk), "contentType": file.media_type, "size": size, "title": file.name,
        }
    }  # fmt: skip


def _bytes_of(sent: UploadedFile) -> bytes:
    if not sent.size:
        raise Refused(_("This file is empty."))
    if sent.size > settings.ATTACHMENT_MOST:
        raise Refused(
            _("This file is too large: at most %(most)s MB.") % {"most": settings.ATTACHMENT_MOST // 1024**2}
        )
    data: bytes = sent.read()
    return data


def _kind_of(data: bytes) -> str:
    """By its bytes: a name says nothing."""
    for media_type in KINDS:
        if documents.is_readable(documents.Enclosure(data, media_type)):
            return media_type
    raise Refused(_("Here only a PDF or a photo can be added."))


@transaction.atomic
def detach(*, request: SurveyRequest, path: str, file_id: str, by: Actor) -> None:
    """Off the list again, as long as the survey is open. Raises SurveyClosed."""
    known = Answer.objects.filter(request=request, path=path).first()
    if known is None:
        return
    left = [one for one in known.value if one.get("valueAttachment", {}).get("id") != file_id]
    save(request=request, changes=[Change(path, left, known.version)], by=by)
    for file in AnswerFile.objects.filter(request=request, pk=file_id).select_related("blob"):
        blob = file.blob
        file.delete()
        blob.delete()  # its bytes go with the sweep of the folder


def file_of(request: SurveyRequest, file_id: uuid.UUID) -> AnswerFile:
    """Raises NotFound."""
    found = AnswerFile.objects.filter(request=request, pk=file_id).select_related("blob").first()
    if found is None:
        raise NotFound
    return found
