"""MDM^T01-T11: the hospital's documents (hospital-integration.md 2.4)."""

from __future__ import annotations

from collections.abc import Iterator

from klisza.documents import plain
from klisza.documents import services as documents
from klisza.documents.services import Enclosure, Statement
from klisza.examinations.services.hospital_documents import file_document
from klisza.gateways.hl7v2.context import Context
from klisza.standards.hl7v2 import facts

from . import enclosures
from .whose import patient_of

Name = tuple[str, str, str]  # kind, value, issuer
# Types that hospitals name in English only (LOINC); others keep the sender's words.
TITLES = {
    "18842-5": "Karta informacyjna z leczenia szpitalnego",
    "11488-4": "Konsultacja",
    "34117-2": "Wywiad i badanie",
    "28570-0": "Opis zabiegu",
    "11504-8": "Opis operacji",
    "11526-1": "Wynik badania histopatologicznego",
    "18748-4": "Opis badania obrazowego",
    "57133-1": "Skierowanie",
    "57833-6": "Recepta",
    "59284-0": "Zgoda pacjenta",
}


def apply(content: facts.Content, context: Context) -> None:
    """Raises Held: unknown patient or another birth date."""
    assert isinstance(content, facts.Document)  # noqa: S101 - the router chose by type
    patient = patient_of(content.person, context)

    def tell(kind: str, detail: str = "") -> None:
        context.work(kind, patient=patient, detail=detail)

    if not content.completion and content.event != "T11":
        tell("status_unknown")
    enclosures.refuse_pointers(content.pointers, tell)
    title = TITLES.get(content.document_type) or content.title
    file_document(
        patient=patient,
        issuer=context.default_issuer,
        statement=_statement(content, title, context),
        enclosures=_enclosures(content, title, tell),
        by=context.by,
        quiet=context.quiet,
    )


def _statement(content: facts.Document, title: str, context: Context) -> Statement:
    return Statement(
        unique_number=content.unique_number[:128],
        parent_number=content.parent_number[:128],
        event=content.event,
        stamp=content.stamp,
        issued_at=content.issued_at or content.stamp.at,
        title=title,
        completion=content.completion[:2],
        confidentiality=content.confidentiality[:2],
        availability=content.availability[:2],
        names=tuple(dict.fromkeys(_names(content))),
        origin=context.origin,
    )


def _enclosures(content: facts.Document, title: str, tell: enclosures.Tell) -> list[Enclosure]:
    """A cancellation brings nothing, whatever is in it; a document may be text only."""
    if content.event == "T11":
        return []
    found = enclosures.readable(content.attachments, tell, title=title)
    sections = plain.sections(content.sections)
    if sections and not found:
        found.append(Enclosure(plain.as_text(sections).encode(), documents.TEXT, title))
    return found


def _names(content: facts.Document) -> Iterator[Name]:
    """Of the orders and studies it belongs to."""
    for step in content.steps:
        for kind in ("filler", "placer", "accession"):
            number: facts.Identifier | None = getattr(step, f"{kind}_number")
            if number and number.value.strip():
                yield kind, number.value.strip()[:128], (number.issuer or number.namespace)[:128]
        if step.study_instance_uid:
            yield "study", step.study_instance_uid, ""
