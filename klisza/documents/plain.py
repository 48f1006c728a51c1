"""Text that came in a message: as rows keep it, and on the screen."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from klisza.base.plain import lines, one_line

TEXT_MOST = 200_000  # characters of one report


def sections(found: Iterable[Any]) -> list[dict[str, Any]]:
    """found: objects with code, title, paragraphs. Without empty paragraphs and empty sections."""
    kept, left = [], TEXT_MOST
    for section in found:
        paragraphs = []
        for paragraph in section.paragraphs:
            text = lines(paragraph).strip("\n")[:left]
            left -= len(text)
            if text.strip():
                paragraphs.append(text)
        if paragraphs:
            named = {"code": one_line(section.code, 64), "title": one_line(section.title)}
            kept.append({**named, "paragraphs": paragraphs})
    return kept


def as_text(found: Iterable[dict[str, Any]]) -> str:
    """Sections as one plain text, for a document that has nothing else."""
    blocks = ["\n\n".join([row["title"], *row["paragraphs"]]) for row in found]
    return "\n\n".join(blocks).strip() + "\n"


def as_html(text: str) -> str:
    """Paragraphs are parted by empty lines."""
    blocks = [block.strip("\n") for block in lines(text).split("\n\n")]
    return "".join("<p>" + escape(block).replace("\n", "<br>") + "</p>" for block in blocks if block.strip())
