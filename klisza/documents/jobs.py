"""Page pictures: made in the sandbox, kept as blobs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from klisza.base import sandbox
from klisza.base.errors import SandboxFailed
from klisza.blobs import services as blobs
from klisza.standards.cda import page as cda

from . import plain, queries, services
from .models import Document

log = structlog.get_logger(__name__)
BATCH = 5


# What makes something to look at of a document: function, and the name of its argument. Others are only kept.
RENDERERS = {
    services.PDF: ("render", "pdf"),
    services.CDA: ("render_cda", "document"),
    **dict.fromkeys(services.PICTURES, ("render_picture", "picture")),
}


def run_rendering() -> int:
    """Render what waits; a file that kills or outlasts the child is marked, never tried again."""
    waiting = queries.unrendered(BATCH)
    for document in waiting:
        _render(document)
    return len(waiting)


def _render(document: Document) -> None:
    if document.media_type == services.TEXT:
        text = blobs.read(document.blob_id).decode("utf-8", "replace")
        services.keep_pages(document=document, total=0, pages=[], html=plain.as_html(text))
        return
    if document.media_type not in RENDERERS:
        services.mark_unshowable(document=document, reason=f"kept as {document.media_type}, never drawn")
        return
    with tempfile.TemporaryDirectory(prefix="klisza-pdf-") as name:
        folder = Path(name)
        try:
            made = _ask(document, folder)
            pages = [_keep(folder, page) for page in made["rendered"]]
            html = cda.page(made["cda"]) if "cda" in made else ""
            title = str(made["cda"]["title"]) if "cda" in made else ""
            clean = _file(folder, str(made["clean"])) if made.get("clean") else None
        except (SandboxFailed, FileNotFoundError, KeyError, TypeError, ValueError) as failed:
            log.warning("document_unshowable", document=str(document.pk))
            services.mark_unshowable(document=document, reason=getattr(failed, "reason", "no pages came out"))
            return
    services.keep_pages(
        document=document, total=int(made["pages"]), pages=pages, html=html, title=title, clean=clean
    )


def _ask(document: Document, folder: Path) -> Any:
    function, argument = RENDERERS[document.media_type]
    return sandbox.call(
        f"klisza.documents.rendering:{function}",
        {argument: str(blobs.open_path(document.blob_id))},
        folder=folder,
        memory_mb=1536,
        cpu_seconds=60,
        wall_seconds=90,
        file_mb=64,
    )


def _file(folder: Path, name: str) -> blobs.Stored:
    """The child names its files: only a plain file inside its own folder is believed."""
    path = folder / Path(name).name
    if path.is_symlink():
        raise FileNotFoundError
    return blobs.put_file(path)


def _keep(folder: Path, made: dict[str, Any]) -> services.Page:
    return services.Page(
        number=int(made["number"]),
        width=int(made["width"]),
        height=int(made["height"]),
        text=str(made["text"]),
        image=_file(folder, str(made["file"])),
    )


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = ((2.0, run_rendering),)
