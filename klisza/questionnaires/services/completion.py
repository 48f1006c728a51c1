"""The one irrevocable end (M6.3-M6.8): answers, PDF and QuestionnaireResponse are the hospital's in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from klisza.accounts.models import Account
from klisza.audit.services import record
from klisza.base import clock
from klisza.blobs import services as blobs
from klisza.documents import services as documents
from klisza.patients.models import Patient
from klisza.patients.queries import survivor
from klisza.patients.viewer import Viewer
from klisza.questionnaires import queries
from klisza.questionnaires.errors import AlreadySent, AnswersChanged, NotAnswered, SurveyClosed
from klisza.questionnaires.models import Answer, AnswerFile, Completion, Flag, SurveyRequest
from klisza.questionnaires.queries import Snapshot
from klisza.questionnaires.reading import title_of
from klisza.standards.questionnaire import flags, response, validate
from klisza.uploads import services as uploads

from . import preparing

State, Ending = SurveyRequest.State, Completion.Ending


def complete(
    *, viewer: Viewer, request: SurveyRequest, account: Account, button: str, seen: int
) -> Completion:
    """Hand it over. button: upload | without, or deliver where no files are taken. seen: the answers_version that the
    summary showed.

    The PDF is made, usually while the summary was read, and durable before; the transaction then checks that nothing
    has changed. Raises AlreadySent, SurveyClosed, AnswersChanged, NotAnswered, what uploads.close raises, Unavailable.
    """
    _check_open(request)
    there = queries.snapshot(request, language=account.language)
    if seen != there.version:
        raise AnswersChanged(
            _("An answer was changed on another device. Please look at the summary once more.")
        )
    ending = preparing.endings(request).get(button)
    if ending is None:
        raise NotAnswered([], _("Please choose one of the two ways to finish."))
    faults = validate.check(there.definition, there.counting, patient=there.patient)
    if faults:
        raise NotAnswered(faults, _("Some answers are missing or need to be corrected."))
    now = clock.now()
    stored = blobs.put(preparing.pdf_of(request, there, ending=ending, language=account.language))
    told = _response(request, there, account, viewer)
    with transaction.atomic():
        row = SurveyRequest.objects.select_for_update().get(pk=request.pk)
        _check_open(row)
        if row.answers_version != there.version:
            raise AnswersChanged(
                _("An answer was changed on another device. Please look at the summary once more.")
            )
        _close_files(row, account, button, viewer)
        completion = _write(row, there, account, stored, told, ending, now)
        person = survivor(row.patient)
        with translation.override(account.language):
            completion.document = documents.hand_in(
                patient=person, source=completion.pk, blob=completion.pdf, media_type=documents.PDF,
                title=_title(row), issued_at=now, by=viewer.actor,
            )  # fmt: skip
        completion.save(update_fields=["document"])
        Flag.objects.bulk_create(
            Flag(completion=completion, link_id=one.link_id, text=one.text, severity=one.severity)
            for one in flags.raised(there.definition, there.counting, patient=there.patient)
        )
        _forget_what_is_not_asked(row, there)
        _keep_files(row, person, there, viewer)
        preparing.forget(row)
        SurveyRequest.objects.filter(pk=row.pk).update(state=State.ANSWERED)
        record(
            "survey.completed", by=viewer.actor, patient_id=row.patient_id, objects=[row, completion],
            reason=button,
        )  # fmt: skip
    request.refresh_from_db()
    return completion


def _check_open(request: SurveyRequest) -> None:
    if request.state in (State.ANSWERED, State.INCOMPLETE):
        raise AlreadySent(_("This survey was sent already. There is nothing more to do."))
    if not queries.is_answerable(request):
        raise SurveyClosed(_("This survey is not open any more. Nothing was sent."))


def _write(
    row: SurveyRequest,
    there: Snapshot,
    account: Account,
    stored: blobs.Stored,
    told: dict[str, Any],
    ending: Completion.Ending,
    now: datetime,
) -> Completion:
    return Completion.objects.create(
        request=row, ending=ending, completed_at=now, completed_by=account, answers_version=there.version,
        response=told, pdf=blobs.save(stored), stated_at=now if ending == Ending.WITHOUT else None,
    )  # fmt: skip


def _title(request: SurveyRequest) -> str:
    return _("Survey: %(title)s") % {"title": title_of(request.version, get_language() or "")}


def _response(request: SurveyRequest, there: Snapshot, account: Account, viewer: Viewer) -> dict[str, Any]:
    """source: who answered; a carer is said to be one."""
    person = {"reference": f"Patient/{survivor(request.patient).pk}"}
    source = person
    if viewer.kind == "carer":
        source = {"type": "RelatedPerson", "identifier": _identifier(f"urn:uuid:{account.pk}")}  # type: ignore[dict-item]
    head = {} if there.definition.url else {"questionnaire": f"urn:uuid:{request.version_id}"}
    return response.build(
        there.definition, there.counting, patient=there.patient, id=str(request.pk),
        identifier=_identifier(f"urn:uuid:{request.pk}"), subject=person, author=source, source=source,
        authored=clock.now().astimezone(clock.local_zone()).isoformat(timespec="seconds"), **head,
    )  # fmt: skip


def _identifier(value: str) -> dict[str, str]:
    return {"system": "urn:ietf:rfc:3986", "value": value}


def _close_files(row: SurveyRequest, account: Account, button: str, viewer: Viewer) -> None:
    """Freezes the list. A questionnaire that takes no files has none, unless it took some when it was begun."""
    found = queries.delivery_of(row)
    if found is None and button != "upload":
        return
    delivery = found or uploads.delivery_for(patient=survivor(row.patient), account=account, subject=row.pk)
    uploads.close(delivery=delivery, ending=button, by=viewer.actor)


def _forget_what_is_not_asked(row: SurveyRequest, there: Snapshot) -> None:
    """Answers at places that are not asked were nobody's business in the end (hospital-integration 3.4)."""
    gone = [path for path in there.versions if path not in there.enabled]
    Answer.objects.filter(request=row, path__in=gone).delete()


def _keep_files(row: SurveyRequest, patient: Patient, there: Snapshot, viewer: Viewer) -> None:
    """Files that answer a question stand in "Moje dokumenty" from now on (M4.3)."""
    said = {
        one["valueAttachment"].get("id")
        for value in there.counting.values()
        for one in value
        if "valueAttachment" in one
    }
    for file in AnswerFile.objects.filter(request=row).select_related("blob"):
        if str(file.pk) not in said:
            continue
        file.document = documents.hand_in(
            patient=patient, source=file.pk, blob=file.blob, media_type=file.media_type, title=file.name,
            issued_at=file.created_at, by=viewer.actor,
        )  # fmt: skip
        file.save(update_fields=["document"])
