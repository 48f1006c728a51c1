"""Keeping documents: the sender's bytes, and what the worker made of them for the screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import BadMessage
from klisza.base.plain import one_line
from klisza.blobs import services as blobs
from klisza.documents.models import Document, DocumentPage
from klisza.patients.models import Patient

MOST = 100 * 1024 * 1024  # bytes
PDF, CDA, JPEG, RTF, TEXT = "application/pdf", "text/xml", "image/jpeg", "text/rtf", "text/plain"
# Photographs and scans as people have them; the first bytes of each (HEIF: behind the length of its first box).
PNG, WEBP, TIFF, BMP, GIF = (f"image/{name}" for name in ("png", "webp", "tiff", "bmp", "gif"))
HEIF, HEIC, AVIF = "image/heif", "image/heic", "image/avif"
BOXED = (HEIF, HEIC, AVIF)
HEIF_BRANDS = (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1")
PICTURES: dict[str, tuple[bytes, ...]] = {
    JPEG: (b"\xff\xd8\xff",),
    PNG: (b"\x89PNG\r\n\x1a\n",),
    HEIF: HEIF_BRANDS,
    HEIC: HEIF_BRANDS,
    AVIF: (b"ftypavi",),
    WEBP: (b"RIFF",),
    TIFF: (b"II*\0", b"MM\0*"),
    BMP: (b"BM",),
    GIF: (b"GIF8",),
}
EXTENSIONS = {PDF: "PDF", CDA: "XML", JPEG: "JPG", RTF: "RTF", TEXT: "TXT"} | {
    kind: kind.removeprefix("image/").upper() for kind in PICTURES if kind != JPEG
}
NAMES = EXTENSIONS | {JPEG: "JPEG"}


@dataclass(frozen=True)
class Enclosure:
    """A document as it came."""

    data: bytes = field(repr=False)
    media_type: str = PDF
    title: str = ""


@dataclass(frozen=True)
class Page:
    """A rendered page whose picture is already durable."""

    number: int
    width: int
    height: int
    text: str
    image: blobs.Stored


def keep(enclosure: Enclosure) -> blobs.Stored:
    """Make the bytes durable; call outside transactions.

    Raises BadMessage when they are not what they claim to be, Unavailable when full.
    """
    name = NAMES.get(enclosure.media_type)
    if name is None:
        raise BadMessage("the file is of a kind that the portal does not keep")
    if not _is(enclosure.media_type, enclosure.data):
        raise BadMessage(f"the file is not a {name}")
    if len(enclosure.data) > MOST:
        raise BadMessage(f"the {name} is larger than {MOST // 1024 // 1024} MB")
    return blobs.put(enclosure.data)


def is_readable(enclosure: Enclosure) -> bool:
    """`keep` would take it."""
    known = enclosure.media_type in NAMES and len(enclosure.data) <= MOST
    return known and _is(enclosure.media_type, enclosure.data)


def _is(media_type: str, data: bytes) -> bool:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if media_type == PDF:
        # The header may stand anywhere within the first kilobyte (ISO 32000-1 annex H, note 13).
        return b"%PDF-" in data[:1024]
    if media_type == CDA:
        return head.startswith((b"<", b"\xff\xfe", b"\xfe\xff"))
    if media_type in PICTURES:
        return data[4 if media_type in BOXED else 0 :].startswith(PICTURES[media_type])
    return bool(data) and (media_type == TEXT or head.startswith(b"{\\rtf"))


def kind_of(data: bytes) -> str:
    """Media type of a PDF or a picture by its first bytes. Raises BadMessage for anything else."""
    for kind in (PDF, *PICTURES):
        if _is(kind, data):
            return kind
    raise BadMessage("the file is neither a PDF nor a picture")


def add_document(
    *, patient: Patient, kind: str, title: str, pdf: bytes, issued_at: datetime, by: Actor
) -> Document:
    """Keep one PDF of this patient; its page images follow by the worker.

    kind: report | hospital | own. Raises BadMessage, Unavailable.
    """
    stored = keep(Enclosure(pdf))
    return register(patient=patient, kind=kind, title=title, stored=stored, issued_at=issued_at, by=by)


@transaction.atomic
def register(
    *,
    patient: Patient,
    kind: str,
    title: str,
    stored: blobs.Stored,
    issued_at: datetime,
    by: Actor,
    media_type: str = PDF,
    origin: str = "",
    description: str = "",
) -> Document:
    """The row of bytes that `keep` made durable. The worker makes of them what the screen shows."""
    document = Document.objects.create(
        patient=patient,
        kind=kind,
        title=one_line(title),
        blob=blobs.save(stored),
        media_type=media_type,
        issued_at=issued_at,
        received_at=clock.now(),
        origin=origin,
        description=description[:1000],
    )
    record("document.received", by=by, patient_id=patient.pk, objects=[document])
    return document


@transaction.atomic
def keep_pages(
    *,
    document: Document,
    total: int,
    pages: list[Page],
    html: str = "",
    title: str = "",
    clean: blobs.Stored | None = None,
) -> None:
    """Rendering is done: replaces what an interrupted run may have left. title: for one that nobody named.

    clean: the PDF without what acts, when there is something of that in it.
    """
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
    named = {} if document.title or not title else {"title": one_line(title)}
    kept = blobs.save(clean) if clean else None
    _close(document, pages=total, unshowable="", html=html, cleaned=kept, **named)


def mark_unshowable(*, document: Document, reason: str) -> None:
    """It stays downloadable; staff read the reason, the patient a sentence."""
    _close(document, pages=0, unshowable=reason[:300])


def _close(document: Document, **values: Any) -> None:
    Document.objects.filter(pk=document.pk).update(rendered_at=clock.now(), **values)


def withdraw(*, document: Document) -> None:
    """The sender took it back; it stays for the record and is shown to nobody."""
    Document.objects.filter(pk=document.pk, withdrawn_at=None).update(withdrawn_at=clock.now())


def restore(*, document: Document) -> None:
    """It counts again: what had taken it back was older."""
    Document.objects.filter(pk=document.pk).exclude(withdrawn_at=None).update(withdrawn_at=None)
