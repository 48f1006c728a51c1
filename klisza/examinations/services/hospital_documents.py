"""Documents of the hospital (MDM): into "My documents", or to the examination whose order they name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from klisza.audit.actor import Actor
from klisza.base.turns import Turns
from klisza.documents import services as documents
from klisza.documents.models import Document
from klisza.documents.services import Enclosure, Statement
from klisza.examinations import queries
from klisza.examinations.models import ExaminationDocument
from klisza.patients.models import Patient

from . import notices

TURNS = Turns("waiting_documents")


def file_document(
    *,
    patient: Patient,
    issuer: str,
    statement: Statement,
    enclosures: Sequence[Enclosure],
    by: Actor,
    quiet: bool = False,
) -> list[Document]:
    """Note what the hospital says about one document, link what is shown, and tell the patient of it once.

    Returns the documents of this number that patients may see now, the examination's gate aside.
    Raises BadMessage (unreadable document), Unavailable.
    """
    shown = documents.file_statement(
        patient=patient, issuer=issuer, statement=statement, enclosures=enclosures, by=by
    )
    for document in shown:
        link_document(document=document, quiet=quiet)
    return shown


def add_hospital_document(
    *, patient: Patient, title: str, data: bytes, issued_at: datetime, by: Actor
) -> Document:
    """A file that staff add for this person, told like a result. Raises BadMessage, Unavailable."""
    media_type = documents.kind_of(data)
    stored = documents.keep(Enclosure(data, media_type=media_type, title=title))
    with transaction.atomic():
        document = documents.register(
            patient=patient, kind="hospital", title=title, stored=stored, issued_at=issued_at, by=by,
            media_type=media_type,
        )  # fmt: skip
        notices.note_document(document=document)
    return document


@transaction.atomic
def link_document(*, document: Document, quiet: bool = False) -> bool:
    """To the examination that its order numbers mean, as soon as there is one; the notice waits for its gate.

    True when there is one.
    """
    examination = queries.examination_named_by(document)
    if examination:
        ExaminationDocument.objects.get_or_create(document=document, defaults={"examination": examination})
    notices.note_document(document=document, quiet=quiet)
    return examination is not None


def link_waiting(limit: int) -> int:
    """Documents that came before their order; returns how many."""
    return TURNS.take(
        queries.documents_to_link, lambda one: link_document(document=one, quiet=True), limit=limit
    )
