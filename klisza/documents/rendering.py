"""Documents -> page pictures and text. Runs in the sandbox only: imports neither Django nor the database."""

from __future__ import annotations

import base64
import contextlib
from pathlib import Path
from typing import Any

import numpy
import pikepdf
import pypdfium2
from pi_heif import register_heif_opener
from PIL import Image, ImageOps

from klisza.standards.cda import read as cda

from .cleaning import clean

PAGE_WIDTH = 1240  # pixels; A4 at 150 dpi: sharp on a phone, small enough for one
PAGE_HEIGHT_MOST = 4 * PAGE_WIDTH  # a page as long as a street must not eat the memory
PAGES_MOST = 60
SHEET, SHEET_DPI, SHEET_MARGIN = (1654, 2339), 200, 79  # A4 with 10 mm around, which most printers need
TEXT_MOST = 40_000  # characters a page
PIXELS_MOST = 120_000_000  # of a photograph; phones make 108 million
CLEAN = "clean.pdf"
FORMATS = ["JPEG", "PNG", "HEIF", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "MPO"]


def render(pdf: str) -> dict[str, Any]:
    """Write page-N.png into the working directory.

    Returns {"pages": all there are, "rendered": [{"number", "width", "height", "file", "text"}], "clean": name of the
    PDF without what acts, "" when it has nothing of that}; at most PAGES_MOST.
    """
    document = pypdfium2.PdfDocument(pdf)
    # Filled-in form fields are part of what the doctor wrote; this build of PDFium runs no JavaScript.
    with contextlib.suppress(pypdfium2.PdfiumError):
        document.init_forms()
    total = len(document)
    rendered = [_page(document, number) for number in range(1, min(total, PAGES_MOST) + 1)]
    return {"pages": total, "rendered": rendered, "clean": _clean(pdf, rendered)}


def _clean(pdf: str, rendered: list[dict[str, Any]]) -> str:
    """Where nothing can be taken out of it, its pages as pictures are what a browser gets."""
    try:
        return CLEAN if clean(pdf, CLEAN) else ""
    except (pikepdf.PdfError, ValueError, TypeError, RecursionError):
        pictures = [Image.open(page["file"]) for page in rendered]
        if not pictures:
            return ""
        pictures[0].save(CLEAN, "PDF", save_all=True, append_images=pictures[1:], resolution=150)
        return CLEAN


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
    """A photograph or scan is one page, turned as its camera says. Same answer as `render`."""
    page = upright(picture, PAGE_HEIGHT_MOST)
    page.thumbnail((PAGE_WIDTH, PAGE_HEIGHT_MOST))
    page.save("page-1.png", "PNG", optimize=True)
    made = {"number": 1, "width": page.width, "height": page.height, "file": "page-1.png", "text": ""}
    return {"pages": 1, "rendered": [made]}


def sheets(pages: list[str], target: str) -> int:
    """Pictures of pages as a PDF for the printer: each on one A4 sheet, upright or lengthwise; returns how many."""
    made = [_sheet(page) for page in pages]
    made[0].save(target, "PDF", save_all=True, append_images=made[1:], resolution=SHEET_DPI)
    return len(made)


def _sheet(page: str) -> Image.Image:
    with Image.open(page, formats=["PNG"]) as opened:
        picture = opened.convert("RGB")
    sides = SHEET if picture.height >= picture.width else SHEET[::-1]
    room = (sides[0] - 2 * SHEET_MARGIN, sides[1] - 2 * SHEET_MARGIN)
    fitted = ImageOps.contain(picture, room)
    sheet = Image.new("RGB", sides, "white")
    sheet.paste(fitted, ((sides[0] - fitted.width) // 2, SHEET_MARGIN))
    return sheet


def upright(picture: str, longest: int) -> Image.Image:
    """The first picture of the file in RGB, without what its camera wrote into it.

    longest: pixels that are needed; a JPEG is decoded smaller where that is enough.
    Raises OSError, ValueError, Image.DecompressionBombError.
    """
    Image.MAX_IMAGE_PIXELS = PIXELS_MOST
    register_heif_opener()
    with Image.open(picture, formats=FORMATS) as opened:
        if opened.width * opened.height > PIXELS_MOST:
            raise ValueError("too many pixels")
        opened.draft("RGB", (longest, longest))
        turned = ImageOps.exif_transpose(opened)
        if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
            layer = turned.convert("RGBA")
            turned = Image.new("RGB", layer.size, "white")
            turned.paste(layer, mask=layer.getchannel("A"))
        elif turned.mode.startswith("I;16"):
            turned = turned.point(lambda value: value / 256).convert("L")
        page = turned.convert("RGB")
    page.info.clear()
    return page


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
