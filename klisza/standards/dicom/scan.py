"""Walks a data set once without decoding it: finds what the index needs and proves that the structure holds.

No recursion, no allocation by an announced length, bounded depth and number of elements: the time
is proportional to the number of elements, whatever a stranger sends (trust.md P7, R21).
Offsets are relative to the beginning of the data set.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import Any

from .errors import Contradiction, TooComplex, Unreadable

Buffer = bytes | memoryview

MAX_DEPTH = 64
MAX_ELEMENTS = 2_000_000
MAX_PADDING = 65_536  # bytes of zeros tolerated at the end
MAX_VALUE = 4096  # bytes kept of one attribute: the longest wanted ones are names and descriptions

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_TAGS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
SEQUENCE_VRS = (b"SQ", b"UN")
LONG_VRS = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)

# Wanted inside of the items of these sequences of the data set itself, no deeper.
QUALIFIERS, REQUEST, ACCESSION_ISSUER = 0x00100024, 0x00400275, 0x00080051
LOCAL_ENTITY, UNIVERSAL_ENTITY = 0x00400031, 0x00400032
NESTED = {
    QUALIFIERS: frozenset((UNIVERSAL_ENTITY, 0x00400033)),
    REQUEST: frozenset((0x00080050,)),
    ACCESSION_ISSUER: frozenset((LOCAL_ENTITY, UNIVERSAL_ENTITY)),
}
REQUESTED = NESTED[REQUEST] | NESTED[ACCESSION_ISSUER]
MAX_REQUESTS = 32  # items of REQUEST that are kept: more procedures than anybody does in one go
ITEM_START = b"\xfe\xff\x00\xe0"
IDENTITY = frozenset((0x00080016, 0x00080018, 0x00100020, 0x00100021, 0x0020000D, 0x0020000E))

_SHORT = Struct("<HH2sH")
_LONG = Struct("<L")
_IMPLICIT = Struct("<HHL")


@dataclass
class PixelData:
    """`fragments`: (offset, length) of each after the basic offset table; empty when not encapsulated."""

    tag: int
    offset: int
    length: int
    encapsulated: bool = False
    offset_table: tuple[int, int] = (0, 0)
    fragments: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Scan:
    """`values`: raw bytes (at most MAX_VALUE) by tag; `nested`: by (sequence, tag inside of an item).

    requests: for each item of RequestAttributesSequence its values, those of the issuer among them.
    """

    values: dict[int, bytes] = field(default_factory=dict)
    nested: dict[tuple[int, int], bytes] = field(default_factory=dict)
    requests: list[dict[int, bytes]] = field(default_factory=list)
    pixel_data: PixelData | None = None
    elements: int = 0


@dataclass(slots=True)
class Level:
    """One open data set, sequence or item. `end`: where it must be over at the latest."""

    is_sequence: bool
    end: int
    defined: bool
    implicit: bool
    tag: int = 0  # of the sequence this is, or is an item of


def scan(data: Buffer, *, implicit: bool, wanted: frozenset[int]) -> Scan:
    """Walk `data`, little endian. Raises Unreadable."""
    return Walk(data, implicit, wanted).run()


class Walk:
    """One pass. Subclasses keep what they want of nested values (`keep_nested`)."""

    def __init__(self, data: Buffer, implicit: bool, wanted: frozenset[int]) -> None:
        self.data = data
        self.wanted = wanted
        self.found = Scan()
        self.position = 0
        self.levels = [Level(False, len(data), True, implicit)]

    def run(self) -> Scan:
        while True:
            try:
                self._walk()
                return self.found
            except (TooComplex, Contradiction):
                raise
            except Unreadable:
                if not self._leave_broken_container():
                    raise

    def _walk(self) -> None:
        levels = self.levels
        while True:
            level = levels[-1]
            if self.position >= level.end:
                if not level.defined:
                    raise Unreadable("a sequence is not closed")
                if len(levels) == 1:
                    return
                levels.pop()
            elif level.is_sequence:
                self._item(level)
            else:
                self._element(level)
            if self.found.elements > MAX_ELEMENTS:
                raise TooComplex(f"more than {MAX_ELEMENTS} elements")

    def _leave_broken_container(self) -> bool:
        """Private sequences of known length are often malformed inside: step over the innermost one."""
        while len(self.levels) > 1:
            level = self.levels.pop()
            if level.defined and level.end > self.position:
                self.position = level.end
                return True
        return False

    def _item(self, level: Level) -> None:
        group, element, length = self._unpack(_IMPLICIT, level)
        tag = group << 16 | element
        self.found.elements += 1
        if tag == SEQUENCE_END:
            if not level.defined:
                self.levels.pop()
        elif tag == ITEM:
            if level.tag == REQUEST and len(self.levels) == 2 and len(self.found.requests) < MAX_REQUESTS:
                self.found.requests.append({})
            self._open(Level(False, 0, length != UNDEFINED, level.implicit, level.tag), length, level)
        else:
            raise Unreadable("something other than an item inside of a sequence")

    def _element(self, level: Level) -> None:
        tag, vr, length = self._header(level)
        self.found.elements += 1
        if tag == ITEM_END:
            if level.defined or len(self.levels) == 1:
                raise Unreadable("an item ends that was not begun")
            self.levels.pop()
        elif tag >> 16 == 0xFFFE:
            raise Unreadable("an item outside of a sequence")
        elif length == UNDEFINED:
            self._undefined(tag, vr, level)
        else:
            self._defined(tag, vr, length, level)

    def _header(self, level: Level) -> tuple[int, bytes, int]:
        if level.implicit:
            group, element, length = self._unpack(_IMPLICIT, level)
            return group << 16 | element, b"", length
        group, element, vr, length = self._unpack(_SHORT, level)
        if group == 0xFFFE:
            return group << 16 | element, b"", 0
        if vr in LONG_VRS:
            (length,) = self._unpack(_LONG, level)
        elif not (vr.isalpha() and vr.isupper()):
            if not self._is_padding(level):
                raise Unreadable("an element without a valid VR")
            self.position = level.end
        return group << 16 | element, vr, length

    def _is_padding(self, level: Level) -> bool:
        """Some writers fill up the last block with zeros: that is the end, not an element."""
        rest = self.data[self.position - _SHORT.size : level.end]
        return len(self.levels) == 1 and len(rest) <= MAX_PADDING and not any(rest)

    def _undefined(self, tag: int, vr: bytes, level: Level) -> None:
        if tag in PIXEL_TAGS or vr in (b"OB", b"OW"):
            self._encapsulated(tag, level)
        elif vr in SEQUENCE_VRS or level.implicit:
            implicit = (
                level.implicit or vr == b"UN"
            )  # PS3.5 6.2.2: UN of undefined length is encoded implicitly
            self._open(Level(True, 0, False, implicit, tag), UNDEFINED, level)
        else:
            raise Unreadable("an undefined length where none is allowed")

    def _defined(self, tag: int, vr: bytes, length: int, level: Level) -> None:
        start, end = self.position, self.position + length
        if end > level.end:
            raise Unreadable("an element runs past the end of the object")
        if vr == b"SQ" or (level.implicit and self._looks_like_items(start, length)):
            self._open(Level(True, 0, True, level.implicit, tag), length, level)
            return
        self.position = end
        if len(self.levels) == 1:
            self.keep(tag, start, length)
        else:
            self.keep_nested(level.tag, tag, start, length)

    def _looks_like_items(self, start: int, length: int) -> bool:
        return length >= 8 and bytes(self.data[start : start + 4]) == ITEM_START

    def keep(self, tag: int, start: int, length: int) -> None:
        if tag in PIXEL_TAGS:
            self.found.pixel_data = PixelData(tag, start, length)
        elif tag in self.wanted:
            value = bytes(self.data[start : start + min(length, MAX_VALUE)])
            if tag in IDENTITY and self.found.values.get(tag, value) != value:
                raise Contradiction("an identifying attribute occurs twice with different values")
            self.found.values[tag] = value

    def keep_nested(self, sequence: int, tag: int, start: int, length: int) -> None:
        """A value inside of an item of `sequence`; how deep, the number of open levels says."""
        if len(self.levels) == 3 and tag in NESTED.get(sequence, ()):
            value = bytes(self.data[start : start + min(length, MAX_VALUE)])
            self.found.nested.setdefault((sequence, tag), value)
            if sequence == REQUEST:
                self._keep_requested(tag, start, length)
        elif len(self.levels) == 5 and sequence == ACCESSION_ISSUER and self.levels[2].tag == REQUEST:
            self._keep_requested(tag, start, length)

    def _keep_requested(self, tag: int, start: int, length: int) -> None:
        """Of the item that is open; items beyond the limit at most fill gaps of the last one."""
        if tag in REQUESTED:
            value = bytes(self.data[start : start + min(length, MAX_VALUE)])
            self.found.requests[-1].setdefault(tag, value)

    def _open(self, new: Level, length: int, parent: Level) -> None:
        new.end = parent.end if length == UNDEFINED else self.position + length
        if new.end > parent.end:
            raise Unreadable("a sequence runs past the end of what contains it")
        if len(self.levels) > 2 * MAX_DEPTH:
            raise TooComplex(f"sequences nested deeper than {MAX_DEPTH}")
        self.levels.append(new)

    def _encapsulated(self, tag: int, level: Level) -> None:
        """PS3.5 A.4: items of known length, the first of them the basic offset table."""
        pixels = PixelData(tag, self.position, UNDEFINED, encapsulated=True)
        items: list[tuple[int, int]] = []
        while True:
            group, element, length = self._unpack(_IMPLICIT, level)
            if group << 16 | element == SEQUENCE_END:
                break
            if group << 16 | element != ITEM or self.position + length > level.end:
                raise Unreadable("a fragment of the pixel data is cut off")
            items.append((self.position, length))
            self.position += length
            if len(items) > MAX_ELEMENTS:
                raise TooComplex(f"more than {MAX_ELEMENTS} fragments")
        if len(self.levels) == 1 and tag in PIXEL_TAGS:
            pixels.offset_table, pixels.fragments = (items[0], items[1:]) if items else ((0, 0), [])
            self.found.pixel_data = pixels

    def _unpack(self, form: Struct, level: Level) -> tuple[Any, ...]:
        if self.position + form.size > level.end:
            raise Unreadable("the object is cut off")
        values = form.unpack_from(self.data, self.position)
        self.position += form.size
        return values
