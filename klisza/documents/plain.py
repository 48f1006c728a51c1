"""Sections of a report that came as text, as rows keep them."""

from __future__ import annotations

from collections.abc import Iterable
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
