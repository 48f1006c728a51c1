""" "My documents" beyond reports: what belongs to an examination passes its gate and its report's (R63)."""

from __future__ import annotations

import uuid

from django.db.models import Exists, OuterRef, Q, QuerySet

from klisza.base.errors import NotFound
from klisza.documents import queries as documents
from klisza.documents.models import Document, DocumentName
from klisza.examinations.models import Examination, ExaminationDocument, ExaminationIdentifier
from klisza.patients.viewer import Viewer

from .gate import visible
from .names import Name, own_matches
from .work import family


def documents_of(viewer: Viewer) -> list[Document]:
    """What the hospital sent or the patient handed in, newest first."""
    return list(_open(viewer).order_by("-issued_at", "-id"))


def document_of(viewer: Viewer, document_id: uuid.UUID) -> Document:
    """One of `documents_of`; raises NotFound, the same for another's and for none."""
    found = _open(viewer).filter(pk=document_id).first()
    if found is None:
        raise NotFound
    return found


def documents_with(examination: Examination, viewer: Viewer) -> list[Document]:
    """Hospital documents that belong to this examination, oldest first."""
    links = ExaminationDocument.objects.filter(examination=examination)
    return list(_open(viewer).filter(pk__in=links.values("document")).order_by("issued_at", "id"))


def _open(viewer: Viewer) -> QuerySet[Document]:
    released = visible(viewer, purpose="report").values("pk")
    closed = ExaminationDocument.objects.exclude(examination__in=released)
    shown = documents.shown(viewer.patient_ids).exclude(pk__in=closed.values("document"))
    if viewer.kind == "carer" and viewer.scope != "all":
        # Letters tell what reports tell; of what belongs to no examination nobody has chosen anything.
        chosen = ExaminationDocument.objects.filter(examination__in=released)
        return shown.filter(pk__in=chosen.values("document")) if viewer.scope == "chosen" else shown.none()
    return shown


# Somebody else's numbers are no reason to look, again and again.
_of_same_person = Q(pk__in=[])
for ours in ("document__patient", "document__patient__survivor"):
    for theirs in ("examination__patient", "examination__patient__survivor"):
        _of_same_person |= Q(**{theirs: OuterRef(ours)})


def documents_to_link(limit: int) -> list[Document]:
    """Documents that name an order whose examination has come to be known since."""
    same = ExaminationIdentifier.objects.filter(
        _of_same_person, kind=OuterRef("kind"), value=OuterRef("value")
    )
    linked = ExaminationDocument.objects.filter(document=OuterRef("document"))
    named = DocumentName.objects.filter(Exists(same), ~Exists(linked))
    ids = named.values_list("document_id", flat=True).distinct()[:limit]
    return list(Document.objects.filter(pk__in=list(ids)).select_related("patient").order_by("received_at"))


def examination_named_by(document: Document) -> Examination | None:
    """The examination of the same person that the document's order numbers mean."""
    names = [Name(*row) for row in document.names.values_list("kind", "value", "issuer")]
    return next(iter(own_matches(names, family(document.patient))), None) if names else None
