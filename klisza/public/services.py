"""The instruction as PDF: made once for each text and each set of names, never per request."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override

from klisza.base import sandbox
from klisza.base.errors import SandboxFailed, Unavailable

from . import booklet

STYLE = Path(__file__).parent / "texts" / "booklet.css"


def pdf_size(language: str) -> int | None:
    """Bytes of the PDF; None while the worker has not made it yet."""
    try:
        return _path(_page(language), language).stat().st_size
    except FileNotFoundError:
        return None


def make_pdf(language: str) -> Path:
    """The PDF's place in the data folder; makes it when the text, a name or the style is new.

    Takes seconds the first time: in a child process, so that its memory goes with it, and under a
    lock, so that a hundred first readers cause one run. Raises Unavailable.
    """
    page = _page(language)
    path = _path(page, language)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / f"{language}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _typeset(page, path)
            _forget_older(path, language)
    return path


@lru_cache(maxsize=8)
def _page(language: str) -> str:
    with override(language):
        return render_to_string("public/booklet.html", {
            "booklet": booklet.load(language), "facts": booklet.facts(), "style": STYLE.read_text("utf-8"),
        })  # fmt: skip


def _path(page: str, language: str) -> Path:
    digest = hashlib.sha256(page.encode()).hexdigest()[:16]
    return settings.DATA_DIR / "instruction" / f"{language}-{digest}.pdf"


def _typeset(page: str, path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        (Path(folder) / "page.html").write_text(page, "utf-8")
        try:
            sandbox.call(
                "klisza.base.typesetter:typeset",
                {"source": "page.html", "target": "booklet.pdf"},
                folder=Path(folder),
            )
        except SandboxFailed as failed:
            raise Unavailable(f"instruction: {failed.reason}", retry_after=60) from failed
        shutil.move(Path(folder) / "booklet.pdf", path)


def _forget_older(path: Path, language: str) -> None:
    for other in path.parent.glob(f"{language}-*.pdf"):
        if other != path:
            other.unlink(missing_ok=True)
