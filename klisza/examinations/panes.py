"""What a patient reads of a report: its text, its documents, what stands beside it and what it was before."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from klisza.base import clock
from klisza.blobs.models import Blob
from klisza.documents import queries as documents
from klisza.documents import services as kept
from klisza.documents.models import Document, DocumentPage

from .queries import ShownReport, ShownVersion

# LOINC codes of sections in plain words; other sections keep the sender's title.
HEADINGS = {
    "18782-3": gettext_lazy("Description"),
    "18748-4": gettext_lazy("Description"),
    "59776-5": gettext_lazy("Description"),
    "19005-8": gettext_lazy("Conclusion"),
    "55752-0": gettext_lazy("Clinical information"),
    "18834-2": gettext_lazy("Comparison with earlier examinations"),
    "55111-9": gettext_lazy("How the examination was performed"),
    "55115-0": gettext_lazy("Reason for the examination"),
}


@dataclass(frozen=True)
class Part:
    """A section of the text."""

    heading: str
    paragraphs: list[str]


@dataclass(frozen=True)
class FilePane:
    """One document: its pages as pictures, or its text, or why there is neither. number: from 1."""

    number: int
    title: str
    kind: str  # PDF, XML, ...
    size: int
    pages: list[DocumentPage]
    total: int
    html: str
    note: str

    @property
    def has_text(self) -> bool:
        return any(page.text for page in self.pages)


@dataclass(frozen=True)
class VersionPane:
    """about: "Report of 21.11.2026", "Supplement of ..."; signed_by: as the sender wrote it."""

    version_id: uuid.UUID
    title: str
    issued_at: datetime
    parts: list[Part]
    files: list[FilePane]
    signed_by: str

    @property
    def is_text(self) -> bool:
        """Its text came in the message: the portal makes the PDF."""
        return bool(self.parts)

    @property
    def first_issued_at(self) -> datetime:
        return self.issued_at


@dataclass(frozen=True)
class ReportPane(VersionPane):
    """A report with its supplements and earlier versions, newest first.

    first_issued_at: of the oldest version that patients could read.
    """

    corrected: bool
    addenda: list[VersionPane]
    history: list[VersionPane]

    @property
    def first_issued_at(self) -> datetime:
        return self.history[-1].issued_at if self.history else self.issued_at

    @property
    def first(self) -> FilePane | None:
        return next(iter(self.files), None)

    @property
    def pages(self) -> list[DocumentPage]:
        return self.first.pages if self.first else []

    @property
    def total(self) -> int:
        return self.first.total if self.first else 0

    @property
    def size(self) -> int:
        return self.first.size if self.first else 0

    @property
    def note(self) -> str:
        return self.first.note if self.first else ""

    @property
    def has_text(self) -> bool:
        return bool(self.first and self.first.has_text)


def pane(shown: ShownReport) -> ReportPane:
    own = version_pane(ShownVersion(shown.version, shown.documents))
    return ReportPane(
        **vars(own),
        corrected=shown.corrected,
        addenda=[version_pane(one) for one in shown.addenda],
        history=[version_pane(one) for one in shown.history],
    )


def version_pane(shown: ShownVersion) -> VersionPane:
    version = shown.version
    files = [_file(number, document) for number, document in enumerate(shown.documents, start=1)]
    return VersionPane(
        version_id=version.pk,
        title=(files[0].title if files else "") or title_of(version.status),
        issued_at=version.issued_at,
        parts=[_part(section) for section in version.sections],
        files=files,
        signed_by=version.signed_by,
    )


def title_of(status: str) -> str:
    return _("Supplement to the report") if status == "A" else _("Report of the examination")


def _part(section: dict[str, object]) -> Part:
    code, title = str(section.get("code", "")), str(section.get("title", ""))
    paragraphs = section.get("paragraphs")
    lines = [str(one) for one in paragraphs] if isinstance(paragraphs, list) else []
    return Part(str(HEADINGS.get(code, "")) or title, lines)


def file_pane(document: Document) -> FilePane:
    return _file(1, document)


def _file(number: int, document: Document) -> FilePane:
    pages = documents.pages_of(document) if document.rendered_at else []
    return FilePane(
        number=number,
        title=document.title,
        kind=kept.NAMES.get(document.media_type, ""),
        size=document.blob.size,
        pages=pages,
        total=document.pages,
        html=document.html,
        note=_note(document, len(pages)),
    )


def _note(document: Document, pages: int) -> str:
    if document.rendered_at is None:
        return _("The preview is being made. You can download the document already.")
    if document.unshowable:
        return _("This document cannot be shown here. Please download it.")
    if pages < document.pages:
        return ngettext(
            "Only the first %(pages)d page is shown here. The downloaded file has all of them.",
            "Only the first %(pages)d pages are shown here. The downloaded file has all of them.",
            pages,
        ) % {"pages": pages}
    return ""


def blob_for(document: Document, *, inline: bool) -> Blob:
    """To keep: the sender's bytes. To open in a browser: without what acts in them (R32)."""
    return document.cleaned if inline and document.cleaned else document.blob


def may_open(document: Document) -> bool:
    """A file of the patient's is opened in a browser only after it was looked at and cleaned."""
    return document.kind != "own" or (document.rendered_at is not None and not document.unshowable)


def is_printed_as_picture(document: Document) -> bool:
    """A photo or scan whose page is there: printed from it, never from the bytes of a stranger."""
    return (
        document.media_type in kept.PICTURES and document.rendered_at is not None and not document.unshowable
    )


def file_name(prefix: str, moment: datetime, extension: str = "pdf") -> str:
    """Neutral: a date and a word of ours, never a name or a diagnosis.

    ASCII, so that no header can be split (R33).
    """
    return f"{prefix}-{clock.local_date(moment).isoformat()}.{extension}"


def extension_of(document: Document) -> str:
    return kept.EXTENSIONS.get(document.media_type, "bin").lower()
