"""rendering-markdown of a questionnaire as harmless HTML: emphasis, lists and links to pages, nothing that is fetched."""

from __future__ import annotations

import re

import markdown
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

KEPT = {"p", "strong", "em", "ul", "ol", "li", "br", "a", "h3", "h4", "blockquote", "code"}
TAG = re.compile(r"<(/?)([a-zA-Z0-9]+)([^>]*)>")
HREF = re.compile(r'href="(https?://[^"]*)"')


def rich(source: str) -> SafeString:
    """Markup of the source itself is text; of what Markdown makes only KEPT survives, without attributes but links."""
    made = markdown.markdown(str(escape(source)), extensions=["sane_lists"], output_format="html")
    return mark_safe(TAG.sub(_kept, made))


def _kept(match: re.Match[str]) -> str:
    closing, name, rest = match[1], match[2].lower(), match[3]
    if name in ("h1", "h2"):
        name = "h3"
    if name not in KEPT:
        return ""
    link = HREF.search(rest) if name == "a" and not closing else None
    attributes = f' href="{link[1]}" rel="noopener noreferrer"' if link else ""
    return f"<{closing}{name}{attributes}>"
