"""Runs in the sandbox child: HTML to a tagged PDF. No Django here."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def typeset(source: str, target: str) -> int:
    """Write `target` as PDF/UA-1 (ISO 14289-1): tagged, with title and language. Returns its size in bytes.

    Both are names in the working folder. The page is complete in itself: whatever it would fetch is refused.
    """
    import weasyprint

    page = weasyprint.HTML(string=Path(source).read_text("utf-8"), url_fetcher=_refuse)
    page.write_pdf(target, pdf_variant="pdf/ua-1")
    return Path(target).stat().st_size


def _refuse(url: str, *_: Any, **__: Any) -> Any:
    raise ValueError("the page fetches nothing")
