"""One text by two ways is one report: what the RIS sends counts, its copy in the PACS does not (1.6)."""

from __future__ import annotations

from collections.abc import Iterable

from klisza.documents.models import Document
from klisza.examinations.models import Report, ReportVersion

from .versions import Effect

# The order in which sources win.
SOURCES = ("oru", "fhir", "script", "dicom")
WORDS_LEAST = 40  # letters and digits; a shorter text may stand in any document by chance

Found = tuple[Report, Effect]


def without_copies(found: Iterable[Found]) -> list[Found]:
    """The same reports without PACS copies of what the hospital said itself, and each content once.

    found: all reports of one examination, their versions with documents prefetched.
    """
    found = list(found)
    said = [one for report, _ in found for one in report.versions.all() if one.source != "dicom"]
    own = [pair for pair in found if not _is_copy(pair[1], said)]
    best: dict[str, Found] = {}
    for pair in sorted(own, key=_rank):
        best.setdefault(_content(pair), pair)
    chosen = {report.pk for report, _ in best.values()}
    return [pair for pair in own if pair[0].pk in chosen]


def _rank(pair: Found) -> tuple[int, str]:
    current = pair[1].current
    source = current.source if current else ""
    return (SOURCES.index(source) if source in SOURCES else len(SOURCES), pair[0].key)


def _content(pair: Found) -> str:
    """What makes two reports one: the same text and documents in effect."""
    report, effect = pair
    current = effect.current
    if current is None or current.status == "X" or effect.addenda:
        return f"report {report.pk}"
    return f"content {current.digest}"


def _is_copy(effect: Effect, said: list[ReportVersion]) -> bool:
    """An SR is a copy as soon as the RIS reports at all, be it preliminary or taken back: PACS make SR of either.

    A PDF is one when the RIS sent these bytes, or the text in it.
    """
    current = effect.current
    if current is None or current.source != "dicom" or not said:
        return False
    if current.document is None:
        return True
    sent = {digest for version in said for digest in _digests(version)}
    return current.digest in sent or _holds_text(current.document, said)


def _digests(version: ReportVersion) -> set[str]:
    documents = [row.document for row in version.more_documents.all()]
    if version.document:
        documents.append(version.document)
    return {version.digest, *(document.blob.sha256 for document in documents)}


def _holds_text(document: Document, said: list[ReportVersion]) -> bool:
    texts = [text for version in said if len(text := _letters(_said(version))) >= WORDS_LEAST]
    if not texts:
        return False
    whole = _letters(" ".join(document.page_rows.order_by("number").values_list("text", flat=True)))
    return any(text in whole for text in texts)


def _said(version: ReportVersion) -> str:
    """Without headings: those are the sender's codes, and a page has its own."""
    return "".join(line for section in version.sections for line in section["paragraphs"])


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
