"""A DICOMDIR (PS3.3 annex F, PS3.10) put together from records that were made before: nothing is parsed here.

Ten thousand images take a fraction of a second, and the same input gives the same bytes.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from .part10 import wrap
from .uids import EXPLICIT_LE

DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
ITEM = struct.Struct("<HHL")
IN_USE = 0xFFFF
POINTER = 12  # bytes of one UL element
ROOT_BYTES = 8 + 2 * POINTER + 10 + 12  # FileSetID, two pointers, consistency flag, head of the sequence


@dataclass(frozen=True)
class Leaf:
    """An instance. path: names of its folders and file. above: (key, record) of its patient, study and series."""

    kind: str
    record: bytes
    path: tuple[str, ...]
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    above: tuple[tuple[str, bytes], tuple[str, bytes], tuple[str, bytes]]


@dataclass
class _Node:
    kind: str
    body: bytes  # from (0004,1430) on
    below: dict[str, _Node] = field(default_factory=dict)
    place: int = 0

    @property
    def size(self) -> int:
        return ITEM.size + 2 * POINTER + 10 + len(self.body)

    def walk(self) -> Iterator[_Node]:
        for node in self.below.values():
            yield node
            yield from node.walk()


class Directory:
    """Says no to what would stand in it twice: readers look things up by their UIDs."""

    def __init__(self) -> None:
        self._root = _Node("", b"")
        self._used: dict[str, str] = {}  # UID of a study, series or instance -> what it stands below
        self.entered = 0

    def add(self, leaf: Leaf) -> bool:
        """False: its UIDs are already used for something else; the file stays outside of the directory."""
        keys = [key for key, _ in leaf.above]
        chain = ["", *keys]
        named = list(zip([*keys[1:], leaf.sop_instance_uid], chain[1:], strict=True))
        if leaf.sop_instance_uid in self._used or any(self._used.get(uid, on) != on for uid, on in named):
            return False
        self._used |= dict(named)
        node = self._root
        for kind, (key, record) in zip(("PATIENT", "STUDY", "SERIES"), leaf.above, strict=True):
            node = node.below.setdefault(key, _Node(kind, _text(0x1430, b"CS", kind) + record))
        node.below[leaf.sop_instance_uid] = _Node(leaf.kind, _leaf(leaf))
        self.entered += 1
        return True

    def encoded(self, *, uid: str) -> bytes:
        """uid: its own SOP Instance UID."""
        head = wrap(sop_class_uid=DIRECTORY_CLASS, sop_instance_uid=uid, transfer_syntax_uid=EXPLICIT_LE)
        nodes = list(self._root.walk())
        place = len(head) + ROOT_BYTES
        for node in nodes:
            node.place, place = place, place + node.size
        top = list(self._root.below.values())
        root = (
            _text(0x1130, b"CS", "")
            + _pointer(0x1200, top[0].place if top else 0)
            + _pointer(0x1202, top[-1].place if top else 0)
            + struct.pack("<HH2sHH", 4, 0x1212, b"US", 2, 0)
            + struct.pack("<HH2sHL", 4, 0x1220, b"SQ", 0, sum(node.size for node in nodes))
        )
        following = {id(node): later for node, later in _neighbours(self._root)}
        return b"".join([head, root, *(_item(node, following.get(id(node), 0)) for node in nodes)])


def _neighbours(root: _Node) -> Iterator[tuple[_Node, int]]:
    for parent in (root, *root.walk()):
        siblings = list(parent.below.values())
        yield from ((node, later.place) for node, later in itertools.pairwise(siblings))


def _item(node: _Node, following: int) -> bytes:
    first = next(iter(node.below.values()), None)
    return (
        ITEM.pack(0xFFFE, 0xE000, node.size - ITEM.size)
        + _pointer(0x1400, following)
        + struct.pack("<HH2sHH", 4, 0x1410, b"US", 2, IN_USE)
        + _pointer(0x1420, first.place if first else 0)
        + node.body
    )


def _leaf(leaf: Leaf) -> bytes:
    return (
        _text(0x1430, b"CS", leaf.kind)
        + _text(0x1500, b"CS", "\\".join(leaf.path))
        + _text(0x1510, b"UI", leaf.sop_class_uid)
        + _text(0x1511, b"UI", leaf.sop_instance_uid)
        + _text(0x1512, b"UI", leaf.transfer_syntax_uid)
        + leaf.record
    )


def _pointer(element: int, value: int) -> bytes:
    return struct.pack("<HH2sHL", 4, element, b"UL", 4, value)


def _text(element: int, vr: bytes, value: str) -> bytes:
    raw = value.encode("ascii")
    raw += (b"\0" if vr == b"UI" else b" ") * (len(raw) % 2)
    return struct.pack("<HH2sH", 4, element, vr, len(raw)) + raw
