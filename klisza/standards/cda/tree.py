"""XML of strangers as a small tree. No DTD, no entities, nothing is fetched; what is too large or deep is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

HL7 = "urn:hl7-org:v3"
SIZE_MOST = 32 * 1024 * 1024  # bytes
DEPTH_MOST = 100
ELEMENTS_MOST = 100_000
CHUNK = 64 * 1024


class Unusable(ValueError):
    """Not well-formed, beyond a limit, or with something that no CDA needs."""


@dataclass
class Element:
    """name: "" for another namespace than the wanted one. children: text and elements in their order."""

    name: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Element]:
        return (child for child in self.children if isinstance(child, Element) and child.name == name)

    def first(self, *path: str) -> Element | None:
        """Following the first child of each name."""
        found: Element | None = self
        for name in path:
            found = next(found.all(name), None) if found else None
        return found

    def text(self) -> str:
        """All of it, spaces as one."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                yield " "
                yield from child._texts()


def parse(data: bytes, *, namespace: str = HL7) -> Element:
    """Raises Unusable."""
    if len(data) > SIZE_MOST:
        raise Unusable("larger than a document may be")
    builder = _Builder(namespace)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    # Entities are the way to bombs and to other people's files; a document type declares them.
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = parser.SkippedEntityHandler = _refuse
    try:
        for start in range(0, len(data), CHUNK):
            parser.Parse(data[start : start + CHUNK], False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, UnicodeError) as fault:
        raise Unusable("not well-formed") from fault
    if builder.root is None:
        raise Unusable("empty")
    return builder.root


def _refuse(*_: Any) -> int:
    raise Unusable("with a document type or entities")


class _Builder:
    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > ELEMENTS_MOST or len(self.open) >= DEPTH_MOST:
            raise Unusable("larger or deeper than a document may be")
        namespace, _, local = name.rpartition(" ")
        element = Element(local if namespace == self.wanted else "", attributes)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def end(self, _name: str) -> None:
        self.open.pop()

    def characters(self, text: str) -> None:
        self.open[-1].children.append(text)
