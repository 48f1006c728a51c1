"""What a patient reads about an examination and its reports: on its page, in the viewer, in lists."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from klisza.base import clock
from klisza.documents import queries as documents
from klisza.documents.models import Document, DocumentPage

from . import kinds
from .models import Examination, Images, ReportState
from .queries import ShownReport


@dataclass(frozen=True)
class Card:
    """One examination as a row of the list or the head of its page."""

    id: uuid.UUID
    heading: str
    explanation: str
    performed_at: datetime
    place: str
    status: str
    has_report: bool
    has_images: bool


def card(examination: Examination) -> Card:
    kind = kinds.get(examination.kind)
    return Card(
        id=examination.pk,
        heading=heading(kind, examination.title),
        explanation=str(kind.explanation),
        performed_at=examination.performed_at,
        place=examination.place or settings.HOSPITAL_NAME,
        status=status(examination),
        has_report=examination.report in (ReportState.AVAILABLE, ReportState.CORRECTED),
        has_images=examination.images == Images.AVAILABLE,
    )


def heading(kind: kinds.Kind, title: str = "") -> str:
    """MR – Magnetic resonance imaging.

    The label only where it is an abbreviation the patient hears at the desk.
    """
    name = title or str(kind.name)
    return f"{kind.label} – {name}" if str(kind.label).isupper() else name


def status(examination: Examination) -> str:
    """Where things stand, in one line (N14)."""
    if examination.report == ReportState.CORRECTED:
        return _("The report was corrected; the new version is here")
    if examination.report == ReportState.WITHDRAWN:
        return _("The hospital has withdrawn the report; a new one will appear here")
    if examination.images == Images.RECEIVING:
        return receiving(examination)
    if examination.report == ReportState.AVAILABLE:
        return (
            _("Report and images are ready")
            if examination.images == Images.AVAILABLE
            else _("The report is ready")
        )
    if examination.images == Images.AVAILABLE:
        return _("The images are here; the report is being prepared")
    return _("Performed; the report is being prepared")


def receiving(examination: Examination) -> str:
    received, expected = examination.images_received, examination.images_expected
    if expected:
        return _("Images received: %(received)d of %(expected)d") % {
            "received": received,
            "expected": expected,
        }
    return ngettext("%(n)d image received so far", "%(n)d images received so far", received) % {"n": received}


def why_no_images(examination: Examination) -> str:
    if examination.images == Images.WITHDRAWN:
        return _("The hospital has withdrawn the images of this examination.")
    return _("There are no images of this examination in the portal. Not every examination produces images.")


def why_no_report(examination: Examination) -> str:
    if examination.report == ReportState.WITHDRAWN:
        return _("The hospital has withdrawn the report. A new one will appear here as soon as it is ready.")
    return _(
        "There is no report yet. A doctor is still preparing it; we will tell you by e-mail when it is here."
    )


def has_pictures(examination: Examination) -> bool:
    """Something of the images may be looked at, even while more arrive."""
    return examination.images in (Images.RECEIVING, Images.AVAILABLE) and examination.images_received > 0


# Reports


@dataclass(frozen=True)
class ReportPane:
    """A report on the page: its pictures and their text, or why there are none."""

    version_id: uuid.UUID
    title: str
    issued_at: datetime
    corrected: bool
    pages: list[DocumentPage]
    total: int
    size: int
    note: str

    @property
    def has_text(self) -> bool:
        return any(page.text for page in self.pages)


def pane(shown: ShownReport) -> ReportPane:
    document = shown.document
    pages = documents.pages_of(document) if document.rendered_at else []
    return ReportPane(
        version_id=shown.version.pk,
        title=document.title or _("Report of the examination"),
        issued_at=shown.version.issued_at,
        corrected=shown.corrected,
        pages=pages,
        total=document.pages,
        size=document.blob.size,
        note=_note(document, len(pages)),
    )


def _note(document: Document, pages: int) -> str:
    if document.rendered_at is None:
        return _("The preview is being made. You can download the report already.")
    if document.unshowable:
        return _("This report cannot be shown here. Please download it.")
    if pages < document.pages:
        return _("Only the first %(pages)d pages are shown here. The downloaded file has all of them.") % {
            "pages": pages
        }
    return ""


def file_name(prefix: str, moment: datetime, extension: str = "pdf") -> str:
    """Neutral: a date and a word of ours, never a name or a diagnosis.

    ASCII, so that no header can be split (R33).
    """
    return f"{prefix}-{clock.local_date(moment).isoformat()}.{extension}"
