"""What the hospital says about its documents (MDM), and what follows from all of it (hospital-integration 2.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.blobs.services import Stored
from klisza.documents.models import Document, DocumentName, DocumentStatement
from klisza.patients.models import Patient
from klisza.standards.hl7v2.facts import Stamp

from .keeping import Enclosure, keep, register, restore, withdraw

CANCEL, ADDENDUM, REPLACEMENTS = "T11", "T06", ("T09", "T10")
AUTHENTICATED = ("AU", "LA")  # TXA-17: authenticated, legally authenticated
CONFIDENTIAL = ("R", "V")  # TXA-18: restricted, very restricted


@dataclass(frozen=True)
class Statement:
    """One MDM. names: (kind, value, issuer) of the orders and studies the document belongs to."""

    unique_number: str  # TXA-12
    event: str  # T01 ... T11
    stamp: Stamp
    issued_at: datetime
    parent_number: str = ""  # TXA-13
    title: str = ""
    completion: str = ""  # TXA-17
    confidentiality: str = ""  # TXA-18
    availability: str = ""  # TXA-19
    names: tuple[tuple[str, str, str], ...] = ()
    origin: str = ""


def file_statement(
    *, patient: Patient, issuer: str, statement: Statement, enclosures: Sequence[Enclosure], by: Actor
) -> list[Document]:
    """Note one statement and what it brought; returns the documents of this number that are in effect now.

    Statements count by their stamp, so that any order of arrival ends in one state; the same one twice is one.
    Raises BadMessage (unreadable document), Unavailable.
    """
    stored = [] if _is_known(issuer, statement) else [keep(one) for one in enclosures]
    return _file(patient, issuer, statement, list(zip(enclosures, stored, strict=False)), by)


def _is_known(issuer: str, statement: Statement) -> bool:
    return DocumentStatement.objects.filter(**_identity(issuer, statement)).exists()


def _identity(issuer: str, statement: Statement) -> dict[str, object]:
    return {
        "issuer": issuer,
        "unique_number": statement.unique_number,
        "stated_at": statement.stamp.at,
        "control_id": statement.stamp.control_id,
    }


@transaction.atomic
def _file(
    patient: Patient, issuer: str, statement: Statement, kept: list[tuple[Enclosure, Stored]], by: Actor
) -> list[Document]:
    Patient.objects.select_for_update().get(pk=patient.pk)
    row, made = DocumentStatement.objects.get_or_create(
        **_identity(issuer, statement),
        defaults={
            "patient": patient,
            "event": statement.event,
            "parent_number": statement.parent_number,
            "completion": statement.completion,
            "confidentiality": statement.confidentiality,
            "availability": statement.availability,
            "origin": statement.origin,
        },
    )
    if made:
        row.documents.set(_documents(row, statement, kept, by))
        for number in sorted(_relatives(row)):
            _settle(issuer, number, by=by)
    return [document for document in _Chain(issuer, statement.unique_number).in_effect if _is_shown(document)]


def _is_shown(document: Document) -> bool:
    document.refresh_from_db()
    return not (document.withdrawn_at or document.hidden_reason or document.replaced_by_id)


def _documents(
    row: DocumentStatement, statement: Statement, kept: list[tuple[Enclosure, Stored]], by: Actor
) -> list[Document]:
    """The same bytes again under the same number are the same document."""
    same_number = Document.objects.filter(
        issuer=row.issuer, unique_number=row.unique_number, patient=row.patient
    )
    held = {document.blob.sha256: document for document in same_number.select_related("blob")}
    documents = []
    for enclosure, stored in kept:
        document = held.get(stored.sha256) or register(
            patient=row.patient,
            kind="hospital",
            title=enclosure.title or statement.title,
            stored=stored,
            media_type=enclosure.media_type,
            issued_at=statement.issued_at,
            origin=statement.origin,
            by=by,
        )
        document.issuer, document.unique_number = row.issuer, row.unique_number
        document.parent_number, document.stated_at = row.parent_number, row.stated_at
        document.save(update_fields=["issuer", "unique_number", "parent_number", "stated_at"])
        for kind, value, issuer in statement.names:
            DocumentName.objects.get_or_create(document=document, kind=kind, value=value, issuer=issuer)
        documents.append(document)
    return documents


def _relatives(row: DocumentStatement) -> set[str]:
    """Numbers whose state this statement may change: its own, what it adds to or replaces, what adds to it."""
    same = DocumentStatement.objects.filter(issuer=row.issuer)
    own = same.filter(unique_number=row.unique_number).values_list("parent_number", flat=True)
    children = same.filter(parent_number=row.unique_number).values_list("unique_number", flat=True)
    return {number for number in (row.unique_number, *own, *children) if number}


class _Chain:
    """Everything said about one number, in the order of the stamps."""

    def __init__(self, issuer: str, number: str) -> None:
        rows = DocumentStatement.objects.filter(issuer=issuer, unique_number=number)
        self.said = list(rows.order_by("stated_at", "control_id").prefetch_related("documents__blob"))
        self.issuer, self.number = issuer, number

    @property
    def with_content(self) -> list[DocumentStatement]:
        return [one for one in self.said if one.documents.all()]

    @property
    def in_effect(self) -> list[Document]:
        """What the last edition brought, and the addenda after it that bear the same number."""
        editions = [one for one in self.with_content if one.event != ADDENDUM]
        last = editions[-1:] if editions else []
        begin = self.said.index(last[0]) if last else 0
        beside = [one for one in self.with_content if one.event == ADDENDUM and self.said.index(one) > begin]
        found = {document.pk: document for one in [*last, *beside] for document in one.documents.all()}
        return list(found.values()) or [
            document for one in self.with_content for document in one.documents.all()
        ]

    @property
    def is_cancelled(self) -> bool:
        """T11; a newer edition counts again."""
        last = max((self.said.index(one) for one in self.with_content), default=-1)
        return any(one.event == CANCEL for one in self.said[last + 1 :])

    @property
    def parents(self) -> set[str]:
        return {one.parent_number for one in self.said if one.parent_number and one.event not in REPLACEMENTS}

    def hidden_reason(self) -> str:
        if _last(one.confidentiality for one in self.said) in CONFIDENTIAL:
            return "confidential"
        if _last(one.completion for one in self.said) not in AUTHENTICATED:
            return "not_authenticated"
        if _last(one.availability for one in self.said) not in ("", "AV"):
            return "not_available"
        gone = any(_Chain(self.issuer, parent).is_cancelled for parent in self.parents - {self.number})
        return "parent_withdrawn" if gone else ""

    def replacement(self) -> Document | None:
        """The document that took its place under a number of its own, once that one may be seen."""
        rows = DocumentStatement.objects.filter(issuer=self.issuer, parent_number=self.number)
        others = rows.filter(event__in=REPLACEMENTS).exclude(unique_number=self.number)
        for number in sorted(set(others.values_list("unique_number", flat=True))):
            other = _Chain(self.issuer, number)
            if other.in_effect and (other.is_cancelled or not other.hidden_reason()):
                return other.in_effect[0]
        return None


def _last(values: Iterable[str]) -> str:
    return next((value for value in reversed(list(values)) if value), "")


def _settle(issuer: str, number: str, *, by: Actor) -> None:
    """Bring the rows of this number into the state that its statements say."""
    chain = _Chain(issuer, number)
    current, hidden, successor = chain.in_effect, chain.hidden_reason(), chain.replacement()
    now_gone = chain.is_cancelled
    kept = {document.pk for document in current}
    for document in Document.objects.filter(issuer=issuer, unique_number=number).order_by(
        "received_at", "id"
    ):
        stays = document.pk in kept
        document.hidden_reason = hidden
        document.replaced_by = successor if stays else next(iter(current), None)
        document.save(update_fields=["hidden_reason", "replaced_by"])
        if not now_gone:
            restore(document=document)
        elif document.withdrawn_at is None:
            withdraw(document=document)
            record("document.withdrawn", by=by, patient_id=document.patient_id, objects=[document])
