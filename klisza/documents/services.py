"""Keeping documents: the sender's bytes, and what the worker made of them for the screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import BadMessage
from klisza.blobs import services as blobs
from klisza.patients.models import Patient

from .models import Document, DocumentPage

PDF_MOST = 100 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class Page:
    """A rendered page whose picture is already durable."""

    number: int
    width: int
    height: int
    text: str
    image: blobs.Stored


def keep_pdf(pdf: bytes) -> blobs.Stored:
    """Make the bytes durable; call outside transactions.

    Raises BadMessage when they are no PDF, Unavailable when full.
    """
    # The header may stand anywhere within the first kilobyte (ISO 32000-1 annex H, note 13).
    if b"%PDF-" not in pdf[:1024]:
        raise BadMessage("the file is not a PDF")
    if len(pdf) > PDF_MOST:
        raise BadMessage(f"the PDF is larger than {PDF_MOST // 1024 // 1024} MB")
    return blobs.put(pdf)


def add_document(
    *, patient: Patient, kind: str, title: str, pdf: bytes, issued_at: datetime, by: Actor
) -> Document:
    """Keep one PDF of this patient; its page images follow by the worker.

    kind: report | hospital | own. Raises BadMessage, Unavailable.
    """
    stored = keep_pdf(pdf)
    return register(patient=patient, kind=kind, title=title, stored=stored, issued_at=issued_at, by=by)


@transaction.atomic
def register(
    *, patient: Patient, kind: str, title: str, stored: blobs.Stored, issued_at: datetime, by: Actor
) -> Document:
    """The row of bytes that `keep_pdf` made durable."""
    document = Document.objects.create(
        patient=patient,
        kind=kind,
        title=_one_line(title),
        blob=blobs.save(stored),
        issued_at=issued_at,
        received_at=clock.now(),
    )
    record("document.received", by=by, patient_id=patient.pk, objects=[document])
    return document


def _one_line(title: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in title).split())[:200]


@transaction.atomic
def keep_pages(*, document: Document, total: int, pages: list[Page]) -> None:
    """Rendering is done: replaces what an interrupted run may have left."""
    document.page_rows.all().delete()
    for page in pages:
        DocumentPage.objects.create(
            document=document,
            number=page.number,
            image=blobs.save(page.image),
            width=page.width,
            height=page.height,
            text=page.text,
        )
    _close(document, pages=total, unshowable="")


def mark_unshowable(*, document: Document, reason: str) -> None:
    """It stays downloadable; staff read the reason, the patient a sentence."""
    _close(document, pages=0, unshowable=reason[:300])


def _close(document: Document, **values: Any) -> None:
    Document.objects.filter(pk=document.pk).update(rendered_at=clock.now(), **values)


def withdraw(*, document: Document) -> None:
    """The sender took it back; it stays for the record and is shown to nobody."""
    Document.objects.filter(pk=document.pk, withdrawn_at=None).update(withdrawn_at=clock.now())
