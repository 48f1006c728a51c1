"""What a CDA R2 document says: facts of its header, the narrative of its sections, the PDF inside it.

Runs in the sandbox. The answer is JSON: a node is a text or {"tag", "children"} with tags of TAGS only; `page`
makes HTML of it outside.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from .tree import Element, Unusable, parse

Node = str | dict[str, Any]
TEXT_MOST = 500_000  # characters of narrative
SECTIONS_DEEP = 4  # headings below the page's own two
# Element of the narrative block (CDA R2 4.3.5.11) -> what it becomes.
TAGS = {
    "paragraph": "p",
    "item": "li",
    "table": "table",
    "thead": "thead",
    "tbody": "tbody",
    "tfoot": "tfoot",
    "tr": "tr",
    "th": "th",
    "td": "td",
    "sup": "sup",
    "sub": "sub",
    "footnote": "small",
}
STYLES = {"bold": "strong", "italics": "em", "underline": "u"}
SPANS = ("colspan", "rowspan")
SILENT = ("colgroup", "col")


def read(data: bytes) -> dict[str, Any]:
    """Returns {"title", "language", "facts": [[name, value]], "blocks": [node], "pdf": base64 or ""}.

    facts: date, author, organisation, signed, custodian. Raises Unusable.
    """
    root = parse(data)
    if root.name != "ClinicalDocument":
        raise Unusable("no ClinicalDocument")
    narrative = _Narrative()
    blocks = [*narrative.body(root), *_plain_body(root)]
    pdf = _pdf(root)
    if not blocks and not pdf:
        raise Unusable("without anything to read")
    return {
        "title": _text(root, "title"),
        "language": _language(root),
        "facts": [[name, value] for name, value in _facts(root) if value],
        "blocks": blocks,
        "pdf": pdf,
    }


def _language(root: Element) -> str:
    code = root.first("languageCode")
    return (code.attributes.get("code", "") if code else "")[:2].lower() or "pl"


# The header


def _facts(root: Element) -> Iterator[tuple[str, str]]:
    yield "date", _time(root.first("effectiveTime"))
    for author in root.all("author"):
        assigned = author.first("assignedAuthor")
        if assigned:
            yield "author", _person(assigned.first("assignedPerson"))
            yield "organisation", _text(assigned, "representedOrganization", "name")
    for signer in root.all("legalAuthenticator"):
        name = _person(signer.first("assignedEntity", "assignedPerson"))
        yield "signed", ", ".join(part for part in (name, _time(signer.first("time"))) if part)
    yield (
        "custodian",
        _text(root, "custodian", "assignedCustodian", "representedCustodianOrganization", "name"),
    )


def _text(element: Element, *path: str) -> str:
    found = element.first(*path)
    return found.text()[:300] if found else ""


def _person(person: Element | None) -> str:
    return _text(person, "name") if person else ""


def _time(element: Element | None) -> str:
    """TS (20261124103500+0100) as it is written in Poland."""
    digits = (element.attributes.get("value", "") if element else "").partition("+")[0].partition("-")[0]
    if len(digits) < 8 or not digits.isdecimal():
        return ""
    day = f"{digits[6:8]}.{digits[4:6]}.{digits[:4]}"
    return f"{day} {digits[8:10]}:{digits[10:12]}" if len(digits) >= 12 else day


# The body


class _Narrative:
    def __init__(self) -> None:
        self.left = TEXT_MOST

    def body(self, root: Element) -> list[Node]:
        structured = root.first("component", "structuredBody")
        return list(self._sections(structured, 1)) if structured else []

    def _sections(self, parent: Element, level: int) -> Iterator[Node]:
        for component in parent.all("component"):
            for section in component.all("section"):
                if title := _text(section, "title"):
                    yield _node(f"h{2 + min(level, SECTIONS_DEEP)}", [self._cut(title)])
                for text in section.all("text"):
                    yield from self._flow(text)
                yield from self._sections(section, level + 1)

    def _flow(self, parent: Element) -> Iterator[Node]:
        """Loose text between blocks becomes paragraphs of its own."""
        loose: list[Node] = []
        for node in self._children(parent):
            if isinstance(node, str) or node["tag"] in INLINE:
                loose.append(node)
                continue
            yield from _paragraph(loose)
            loose = []
            yield node
        yield from _paragraph(loose)

    def _children(self, parent: Element) -> list[Node]:
        nodes: list[Node] = []
        for child in parent.children:
            nodes += [self._cut(child)] if isinstance(child, str) else self._element(child)
        return nodes

    def _cut(self, text: str) -> str:
        kept = text[: self.left]
        self.left -= len(kept)
        return kept

    def _element(self, element: Element) -> list[Node]:
        name, style = element.name, element.attributes.get("styleCode", "").lower()
        if not name or name in SILENT:
            return []
        if name == "br":
            return [_node("br", [])]
        if name == "renderMultiMedia":
            return [_node("image", [])]
        if name == "list":
            return self._list(element)
        if name == "caption":
            return [_node("caption", self._children(element))]
        children = self._children(element)
        if name == "content":
            return self._content(element, children, style)
        if name not in TAGS:
            return children  # linkHtml and what is no element of narrative: its text
        return [_captioned(_node(TAGS[name], children, spans=_spans(element)))]

    def _content(self, element: Element, children: list[Node], style: str) -> list[Node]:
        revised = {"delete": "del", "insert": "ins"}.get(element.attributes.get("revised", ""))
        for tag in [revised, *(STYLES.get(word) for word in style.split())]:
            if tag:
                children = [_node(tag, children)]
        return children

    def _list(self, element: Element) -> list[Node]:
        ordered = element.attributes.get("listType") == "ordered"
        items = [node for item in element.all("item") for node in self._element(item)]
        captions = [node for one in element.all("caption") for node in self._children(one)]
        heading: list[Node] = [_node("p", captions)] if captions else []
        return [*heading, _node("ol" if ordered else "ul", items)] if items else heading


INLINE = frozenset({"br", "sup", "sub", "strong", "em", "u", "del", "ins", "small", "image"})
INNER = {"table": ("caption", "thead", "tbody", "tfoot", "tr"), "tr": ("th", "td")}
INNER |= dict.fromkeys(("thead", "tbody", "tfoot"), ("tr",))


def _node(tag: str, children: list[Node], *, spans: dict[str, int] | None = None) -> dict[str, Any]:
    if tag in INNER:  # white space and strangers between rows would be drawn outside the table
        children = [one for one in children if not isinstance(one, str) and one["tag"] in INNER[tag]]
    return {"tag": tag, "children": children} | ({"spans": spans} if spans else {})


def _captioned(node: dict[str, Any]) -> dict[str, Any]:
    """Only a table has a caption in HTML; elsewhere it is a text in bold."""
    if node["tag"] != "table":
        for child in node["children"]:
            if not isinstance(child, str) and child["tag"] == "caption":
                child["tag"] = "strong"
    return node


def _spans(element: Element) -> dict[str, int]:
    found = {name: element.attributes.get(name, "") for name in SPANS}
    return {
        name: int(value) for name, value in found.items() if value.isdecimal() and 1 < int(value[:4]) <= 1000
    }


def _paragraph(nodes: list[Node]) -> list[Node]:
    says_something = any(not isinstance(node, str) or node.strip() for node in nodes)
    return [_node("p", nodes)] if says_something else []


# A body that is no XML


def _unstructured(root: Element) -> Element | None:
    return root.first("component", "nonXMLBody", "text")


def _plain_body(root: Element) -> list[Node]:
    text = _unstructured(root)
    if text is None or text.attributes.get("representation") == "B64":
        return []
    lines = "".join(child for child in text.children if isinstance(child, str))[:TEXT_MOST].splitlines()
    return [_node("p", [line]) for line in lines if line.strip()]


def _pdf(root: Element) -> str:
    """Base64 of the PDF that is the body (level 1 CDA)."""
    text = _unstructured(root)
    if text is None or text.attributes.get("representation") != "B64":
        return ""
    try:
        body = base64.b64decode("".join(text.text().split()), validate=True)
    except binascii.Error:
        return ""
    return base64.b64encode(body).decode() if b"%PDF-" in body[:1024] else ""
