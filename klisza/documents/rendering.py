"""PDF -> page pictures and text. Runs in the sandbox only: imports neither Django nor the database."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy
import pypdfium2

PAGE_WIDTH = 1240  # pixels; A4 at 150 dpi: sharp on a phone, small enough for one
PAGE_HEIGHT_MOST = 4 * PAGE_WIDTH  # a page as long as a street must not eat the memory
PAGES_MOST = 60
TEXT_MOST = 40_000  # characters a page


def render(pdf: str) -> dict[str, Any]:
    """Write page-N.png into the working directory.

    Returns {"pages": all there are, "rendered": [{"number", "width", "height", "file", "text"}]}; at most
    PAGES_MOST.
    """
    document = pypdfium2.PdfDocument(pdf)
    # Filled-in form fields are part of what the doctor wrote; this build of PDFium runs no JavaScript.
    with contextlib.suppress(pypdfium2.PdfiumError):
        document.init_forms()
    total = len(document)
    return {
        "pages": total,
        "rendered": [_page(document, number) for number in range(1, min(total, PAGES_MOST) + 1)],
    }


def _page(document: Any, number: int) -> dict[str, Any]:
    page = document[number - 1]
    width, height = page.get_size()
    scale = min(PAGE_WIDTH / max(width, 1), PAGE_HEIGHT_MOST / max(height, 1))
    picture = page.render(scale=scale, may_draw_forms=True).to_pil()
    if picture.mode != "L" and _is_grey(picture):
        picture = picture.convert("L")
    name = f"page-{number}.png"
    picture.save(name, "PNG", optimize=True)
    text = _text(page)
    page.close()
    return {"number": number, "width": picture.width, "height": picture.height, "file": name, "text": text}


def _is_grey(picture: Any) -> bool:
    """A text page without colour is a third of the size as grey."""
    sample = numpy.asarray(picture.convert("RGB").resize((64, 64)), dtype=int)
    return bool(numpy.ptp(sample, axis=2).max() < 12)


def _text(page: Any) -> str:
    try:
        text = page.get_textpage().get_text_range()
    except pypdfium2.PdfiumError:
        return ""
    lines = (
        line.strip() for line in text.replace("\r", "").replace("\ufffe", "-").replace("\x00", "").split("\n")
    )
    return "\n".join(lines).strip()[:TEXT_MOST]
