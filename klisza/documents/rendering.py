"""Documents -> page pictures and text. Runs in the sandbox only: imports neither Django nor the database."""

from __future__ import annotations

import base64
import contextlib
from pathlib import Path
from typing import Any

import numpy
import pypdfium2
from PIL import Image, ImageOps

from klisza.standards.cda import read as cda

PAGE_WIDTH = 1240  # pixels; A4 at 150 dpi: sharp on a phone, small enough for one
PAGE_HEIGHT_MOST = 4 * PAGE_WIDTH  # a page as long as a street must not eat the memory
PAGES_MOST = 60
TEXT_MOST = 40_000  # characters a page
PIXELS_MOST = 50_000_000  # of a photograph


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


def render_picture(picture: str) -> dict[str, Any]:
    """A JPEG is one page. Same answer as `render`."""
    Image.MAX_IMAGE_PIXELS = PIXELS_MOST
    with Image.open(picture, formats=["JPEG"]) as opened:
        page = ImageOps.exif_transpose(opened.convert("RGB"))
    page.thumbnail((PAGE_WIDTH, PAGE_HEIGHT_MOST))
    page.save("page-1.png", "PNG", optimize=True)
    made = {"number": 1, "width": page.width, "height": page.height, "file": "page-1.png", "text": ""}
    return {"pages": 1, "rendered": [made]}


def render_cda(document: str) -> dict[str, Any]:
    """The narrative as nodes, and the pages of the PDF inside it where there is one.

    Returns the answer of `render` and {"cda": what standards/cda/read.py says}.
    """
    found = cda.read(Path(document).read_bytes())
    pdf = found.pop("pdf")
    pages: dict[str, Any] = {"pages": 0, "rendered": []}
    if pdf:
        Path("inside.pdf").write_bytes(base64.b64decode(pdf))
        pages = render("inside.pdf")
    return {**pages, "cda": found}
