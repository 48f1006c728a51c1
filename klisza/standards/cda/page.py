"""HTML of what `read` found in a CDA: escaped text in a handful of elements, nothing else.

What comes in was made by the sandbox's child out of a stranger's file, and is believed as little as the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from klisza.base.plain import lines

BLOCKS = {"h3", "h4", "h5", "h6", "p", "ul", "ol", "li"}
TABLES = {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"}
WORDS = {"strong", "em", "u", "del", "ins", "sup", "sub", "small"}
ELEMENTS = BLOCKS | TABLES | WORDS
SPANS = frozenset({"colspan", "rowspan"})
DEPTH_MOST = 200
LABELS = {
    "pl": {
        "date": "Data dokumentu",
        "author": "Autor",
        "organisation": "Jednostka",
        "signed": "Podpis",
        "custodian": "Dokument przechowuje",
        "image": "[W tym miejscu oryginalny dokument zawiera obraz]",
    },
    "en": {
        "date": "Date of the document",
        "author": "Author",
        "organisation": "Organisation",
        "signed": "Signed by",
        "custodian": "Kept by",
        "image": "[The original document has an image here]",
    },
    "uk": {
        "date": "Дата документа",
        "author": "Автор",
        "organisation": "Заклад",
        "signed": "Підписано",
        "custodian": "Документ зберігає",
        "image": "[Тут в оригінальному документі є зображення]",
    },
}


def language_of(found: dict[str, Any]) -> str:
    language = str(found.get("language", ""))
    return language if language in LABELS else "pl"


def page(found: dict[str, Any]) -> str:
    """found: what `read` returned. The page is in the document's own language."""
    labels = LABELS[language_of(found)]
    facts = "".join(
        f"<dt>{escape(labels[str(name)])}</dt><dd>{_text(value)}</dd>"
        for name, value in found["facts"]
        if str(name) in labels
    )
    head = f'<dl class="meta-list">{facts}</dl>' if facts else ""
    return head + "".join(_html(node, labels, 0) for node in found["blocks"])


def _html(node: Any, labels: dict[str, str], depth: int) -> str:
    if isinstance(node, str):
        return _text(node)
    tag, children = str(node["tag"]), node["children"]
    if tag == "br":
        return "<br>"
    if tag == "image":
        return escape(labels["image"])
    if depth > DEPTH_MOST:
        return ""
    inner = "".join(_html(child, labels, depth + 1) for child in children)
    if tag not in ELEMENTS:
        return inner
    html = f"<{tag}{''.join(_attributes(node))}>{inner}</{tag}>"
    return f'<div class="table-wrap">{html}</div>' if tag == "table" else html


def _attributes(node: dict[str, Any]) -> Iterator[str]:
    for name, value in sorted(dict(node.get("spans") or {}).items()):
        if name in SPANS:
            yield f' {name}="{int(value)}"'


def _text(text: Any) -> str:
    return escape(lines(str(text)))
