"""Corrected pages of scans and photos become one document on the list."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from klisza.audit.actor import Actor
from klisza.base import sandbox
from klisza.base.errors import Refused, SandboxFailed, Unavailable
from klisza.base.plain import one_line
from klisza.blobs import services as blobs
from klisza.uploads.errors import ListClosed, TooMuch
from klisza.uploads.models import Delivery, HandedFile

from .delivering import add_ready

PAGES_MOST = 60
PAGE_BYTES_MOST = 16 * 1024 * 1024
PICTURE_BYTES_MOST = 80 * 1024 * 1024
PDF = "application/pdf"


@dataclass(frozen=True)
class Sheet:
    """One page: pieces of a JPEG, its length, and the words that were written on it."""

    pieces: Iterable[bytes]
    size: int
    note: str


def add_scan(
    *, delivery: Delivery, sheets: Sequence[Sheet], title: str, description: str, by: Actor
) -> HandedFile:
    """Raises Refused (pages that are no pictures), TooMuch, ListClosed, Unavailable."""
    if delivery.state != Delivery.State.COLLECTING:
        raise ListClosed(_("This list was sent already."))
    if not sheets:
        raise Refused(_("There is no page in this document."))
    if len(sheets) > PAGES_MOST or any(sheet.size > PAGE_BYTES_MOST for sheet in sheets):
        raise TooMuch(_("A document can have %(most)d pages at most.") % {"most": PAGES_MOST})
    name = one_line(title)[:200] or _("Scan")
    with _working_folder() as folder:
        for number, sheet in enumerate(sheets):
            _write(folder / f"page-{number}.jpg", sheet.pieces)
        made = _made(folder, sheets, name, description)
        stored = blobs.put_file(folder / "scan.pdf")
    try:
        return add_ready(
            delivery=delivery, stored=stored, name=_file_name(name), title=name, description=description.strip(),
            kind=HandedFile.Kind.PDF, media_type=PDF, facts={"pages": made, "edited": True}, by=by,
        )  # fmt: skip
    except (ListClosed, TooMuch):
        blobs.delete(stored.key)
        raise


def decoded(*, pieces: Iterable[bytes], size: int) -> bytes:
    """A photo as JPEG, for a browser that does not know its format. Raises Refused, TooMuch."""
    if size > PICTURE_BYTES_MOST:
        raise TooMuch(
            _("The photo is larger than %(most)d MB.") % {"most": PICTURE_BYTES_MOST // 1024 // 1024}
        )
    with _working_folder() as folder:
        _write(folder / "photo", pieces)
        try:
            sandbox.call(
                "klisza.uploads.scans:picture",
                {"source": "photo", "target": "photo.jpg"},
                folder=folder, memory_mb=2048, cpu_seconds=40, wall_seconds=60, file_mb=64,
            )  # fmt: skip
        except SandboxFailed:
            raise Refused(
                _("This picture cannot be opened. Please save it as JPEG or PDF and choose it again.")
            ) from None
        return (folder / "photo.jpg").read_bytes()


def _made(folder: Path, sheets: Sequence[Sheet], title: str, description: str) -> int:
    words = {
        "language": get_language() or settings.LANGUAGE_CODE,
        "title": title,
        "description": one_line(description)[:1000],
        "alternatives": [_alternative(title, number, sheet) for number, sheet in enumerate(sheets, start=1)],
    }
    names = [f"page-{number}.jpg" for number in range(len(sheets))]
    try:
        made = sandbox.call(
            "klisza.uploads.scans:make",
            {"pages": names, "target": "scan.pdf", "words": words},
            folder=folder, memory_mb=2048, cpu_seconds=120, wall_seconds=180, file_mb=256,
        )  # fmt: skip
    except SandboxFailed as failed:
        if failed.reason.startswith("error"):
            raise Refused(_("A page is not a picture. Please open it in the editor again.")) from None
        raise Unavailable("scan") from failed
    return int(made["pages"])


def _alternative(title: str, number: int, sheet: Sheet) -> str:
    page = _("%(title)s, page %(number)d") % {"title": title, "number": number}
    return f"{page}. {one_line(sheet.note)[:300]}" if sheet.note.strip() else page


def _file_name(title: str) -> str:
    """As it would stand on a disk: without what file systems refuse."""
    plain = "".join(sign if sign.isalnum() or sign in " -_.," else "-" for sign in title).strip(" .")
    return f"{plain[:120] or 'scan'}.pdf"


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        for piece in pieces:
            file.write(piece)


@contextmanager
def _working_folder() -> Iterator[Path]:
    parent = Path(settings.DATA_DIR) / "work"
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="scan-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
