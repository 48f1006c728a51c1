"""PDF of a report that came as text, or of a document without pages: made in the sandbox when asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override
from django.views.decorators.debug import sensitive_variables

from klisza.base import sandbox
from klisza.base.errors import SandboxFailed, Unavailable
from klisza.blobs import services as blobs
from klisza.documents import queries as documents
from klisza.documents.models import Document

from . import kinds, panes
from .models import Examination
from .queries import ShownVersion
from .wording import heading

SECONDS = 20
STYLE = Path(__file__).parent / "static" / "examinations" / "print.css"


def pdf_of_text(examination: Examination, shown: Iterable[ShownVersion]) -> bytes:
    """shown: a version and the supplements that stand beside it.

    The page says of itself that the portal made it. In Polish, as the hospital's text is. Raises Unavailable.
    """
    with override(settings.LANGUAGE_CODE):
        versions = [panes.version_pane(one) for one in shown]
        about = {
            "title": heading(kinds.get(examination.kind), examination.title),
            "performed_at": examination.performed_at,
            "place": examination.place,
        }
        return _typeset({"versions": versions, **about})


def pdf_of_document(document: Document) -> bytes:
    """A CDA as the portal shows it. Raises Unavailable."""
    with override(settings.LANGUAGE_CODE):
        title = document.title or panes.title_of("")
        return _typeset({"html": document.html, "title": title, "issued_at": document.issued_at})


def pdf_of_picture(document: Document) -> bytes:
    """A photo or scan, as the portal shows it, on one sheet a page. Raises Unavailable."""
    pages = [str(blobs.open_path(page.image_id)) for page in documents.pages_of(document)]
    with tempfile.TemporaryDirectory(prefix="klisza-print-") as folder:
        try:
            sandbox.call(
                "klisza.documents.rendering:sheets",
                {"pages": pages, "target": "sheets.pdf"},
                folder=Path(folder),
                cpu_seconds=SECONDS,
                wall_seconds=SECONDS + 10,
            )
        except SandboxFailed as failed:
            raise Unavailable(f"picture as PDF: {failed.reason}", retry_after=60) from failed
        return (Path(folder) / "sheets.pdf").read_bytes()


@sensitive_variables()
def _typeset(context: dict[str, Any]) -> bytes:
    names = {"hospital_name": settings.HOSPITAL_NAME, "portal_name": settings.PORTAL_NAME}
    page = render_to_string(
        "examinations/report_print.html", context | names | {"style": STYLE.read_text("utf-8")}
    )
    with tempfile.TemporaryDirectory(prefix="klisza-print-") as folder:
        (Path(folder) / "page.html").write_text(page, "utf-8")
        try:
            sandbox.call(
                "klisza.base.typesetter:typeset",
                {"source": "page.html", "target": "report.pdf"},
                folder=Path(folder),
                cpu_seconds=SECONDS,
                wall_seconds=SECONDS + 10,
            )
        except SandboxFailed as failed:
            raise Unavailable(f"report as PDF: {failed.reason}", retry_after=60) from failed
        return (Path(folder) / "report.pdf").read_bytes()
