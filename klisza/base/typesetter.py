"""Runs in the sandbox child: HTML to a tagged PDF. No Django here."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def typeset(source: str, target: str, variant: str = "pdf/ua-1") -> int:
    """Write `target` as PDF/UA-1 (ISO 14289-1): tagged, with title and language. Returns its size in bytes.

    Both are names in the working folder. variant: "pdf/a-2a" (ISO 19005-2, level A) for what is kept for good: tagged
    too, with its fonts and colours in it. The page is complete in itself: whatever it would fetch is refused.
    """
    import weasyprint

    page = weasyprint.HTML(string=Path(source).read_text("utf-8"), url_fetcher=_refuse)
    page.write_pdf(target, pdf_variant=variant)
    return Path(target).stat().st_size


def _refuse(url: str, *_: Any, **__: Any) -> Any:
    raise ValueError("the page fetches nothing")
