"""Pages that the editor of scans has made -> one PDF. Runs in the sandbox only: no Django.

Each page is decoded and encoded once more: what the browser sent beside the picture (places, serial numbers, something
appended to the file) does not come along, and what was covered in the editor is not in there any more.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from klisza.documents.rendering import upright

LONGEST = 2480  # pixels; A4 at 212 dpi and more than any reader needs
PHOTO_LONGEST = 3200
QUALITY = 82
STYLE = """@page { size: A4; margin: 0 } @page wide { size: A4 landscape; margin: 0 }
.wide { page: wide } html, body, div, p { margin: 0; padding: 0 } div { break-after: page } div:last-child { break-after: auto }
img { display: block; width: 210mm; height: 297mm; object-fit: contain } .wide img { width: 297mm; height: 210mm }"""


def picture(*, source: str, target: str) -> dict[str, int]:
    """A photo that the browser cannot decode, as JPEG. Raises what Pillow raises."""
    page = upright(source, PHOTO_LONGEST)
    page.thumbnail((PHOTO_LONGEST, PHOTO_LONGEST))
    page.save(target, "JPEG", quality=90)
    return {"width": page.width, "height": page.height}


def make(*, pages: list[str], target: str, words: dict[str, Any]) -> dict[str, int]:
    """Write `target` as PDF/UA of these JPEG files, each a page.

    words: language, title, description, alternatives (of each page, read out by screen readers).
    """
    import weasyprint

    shown = [_shown(number, name) for number, name in enumerate(pages)]
    rows = [
        f'<div class="{"wide" if is_wide else "high"}"><p><img src="{name}" alt="{escape(text)}"></p></div>'
        for (name, is_wide), text in zip(shown, words["alternatives"], strict=True)
    ]
    page = (
        f'<!doctype html><html lang="{escape(words["language"])}"><head><meta charset="utf-8">'
        f"<title>{escape(words['title'])}</title>"
        f'<meta name="description" content="{escape(words["description"])}"><style>{STYLE}</style></head>'
        f"<body>{''.join(rows)}</body></html>"
    )
    weasyprint.HTML(string=page, base_url="page:///", url_fetcher=_own).write_pdf(
        target, pdf_variant="pdf/ua-1", full_fonts=False
    )
    return {"pages": len(shown), "size": Path(target).stat().st_size}


def _shown(number: int, source: str) -> tuple[str, bool]:
    with Image.open(source, formats=["JPEG"]) as opened:
        if max(opened.size) > 2 * LONGEST:
            raise ValueError("a page of more pixels than the editor sends")
        page = opened.convert("RGB")
    page.thumbnail((LONGEST, LONGEST))
    page.info.clear()
    page.save(f"shown-{number}.jpg", "JPEG", quality=QUALITY, optimize=True)
    return f"shown-{number}.jpg", page.width > page.height


def _own(url: str, *_: Any, **__: Any) -> Any:
    """Our pages, out of the working folder; nothing else exists."""
    from weasyprint.urls import URLFetcherResponse

    name = url.removeprefix("page:///")
    if not name.startswith("shown-") or "/" in name:
        raise ValueError("the page fetches nothing")
    return URLFetcherResponse(url, Path(name).read_bytes(), {"Content-Type": "image/jpeg"})
