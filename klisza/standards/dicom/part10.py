"""DICOM files (PS3.10 7): taking apart what others wrote, and the little we write around a data set."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .errors import NotDicom, Unreadable
from .scan import LONG_VRS, Buffer
from .uids import (
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    IMPLICIT_LE,
)

PREAMBLE = 128
MAGIC = b"DICM"
MAX_META = 65_536
CLASS_UID, INSTANCE_UID, TRANSFER_SYNTAX_UID = 0x00020002, 0x00020003, 0x00020010
# A bare data set begins in one of these groups: identifying, patient, or (ACR-NEMA) length elements of them.
FIRST_GROUPS = (0x0008, 0x0010)


@dataclass(frozen=True)
class Part10:
    """`offset`: where the data set begins; the UIDs are what the meta group says, or guessed, or empty."""

    offset: int
    transfer_syntax_uid: str
    sop_class_uid: str = ""
    sop_instance_uid: str = ""


def wrap(*, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """Zero preamble (a received one may be a program: R29), prefix, our meta group; the data set follows."""
    body = b"".join((
        struct.pack("<HH2sHL", 2, 1, b"OB", 0, 2) + b"\0\1",
        _ui(0x0002, sop_class_uid),
        _ui(0x0003, sop_instance_uid),
        _ui(0x0010, transfer_syntax_uid),
        _ui(0x0012, IMPLEMENTATION_CLASS_UID),
        _element(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME.encode(), b" "),
    ))  # fmt: skip
    return bytes(PREAMBLE) + MAGIC + struct.pack("<HH2sHL", 2, 0, b"UL", 4, len(body)) + body


def split(data: Buffer) -> Part10:
    """Find the data set in a file: with or without preamble, with or without a meta group.

    Raises NotDicom, Unreadable.
    """
    if bytes(data[PREAMBLE : PREAMBLE + 4]) == MAGIC:
        return _with_meta(data, PREAMBLE + 4)
    if bytes(data[:4]) in (b"\x02\0\0\0", b"\x02\0\1\0", b"\x02\0\2\0", b"\x02\0\x10\0"):
        return _with_meta(data, 0)
    if syntax := _guess(data, 0):
        return Part10(0, syntax)
    raise NotDicom("not a DICOM file")


def _with_meta(data: Buffer, offset: int) -> Part10:
    """Element by element: its group length is wrong in too many files to be believed."""
    values: dict[int, str] = {}
    start = offset
    while bytes(data[offset : offset + 2]) == b"\x02\0":
        tag, begin, end = _meta_element(data, offset)
        values[tag] = bytes(data[begin:end]).decode("latin-1").strip("\0 ")
        offset = end
        if offset - start > MAX_META or offset > len(data):
            raise Unreadable("the file meta information is damaged")
    syntax = values.get(TRANSFER_SYNTAX_UID) or _guess(data, offset)
    if not syntax:
        raise Unreadable("the transfer syntax is neither given nor recognisable")
    return Part10(offset, syntax, values.get(CLASS_UID, ""), values.get(INSTANCE_UID, ""))


def _meta_element(data: Buffer, offset: int) -> tuple[int, int, int]:
    """(tag, begin, end) of one element, always Explicit VR Little Endian."""
    try:
        group, element, vr, length = struct.unpack_from("<HH2sH", data, offset)
        offset += 8
        if vr in LONG_VRS:
            (length,) = struct.unpack_from("<L", data, offset)
            offset += 4
    except struct.error:
        raise Unreadable("the file meta information is cut off") from None
    return group << 16 | element, offset, offset + length


def _guess(data: Buffer, offset: int) -> str:
    """The uncompressed syntax in which the first element makes sense; empty when none does."""
    head = bytes(data[offset : offset + 8])
    if len(head) < 8:
        return ""
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    if int.from_bytes(head[:2], "little") in FIRST_GROUPS:
        plausible = int.from_bytes(head[4:8], "little") <= len(data) - offset
        return EXPLICIT_LE if explicit else IMPLICIT_LE if plausible else ""
    if int.from_bytes(head[:2], "big") in FIRST_GROUPS and explicit:
        return EXPLICIT_BE
    return ""


def _ui(element: int, uid: str) -> bytes:
    return _element(element, b"UI", uid.encode("ascii"), b"\0")


def _element(element: int, vr: bytes, value: bytes, padding: bytes) -> bytes:
    value += padding * (len(value) % 2)
    return struct.pack("<HH2sH", 2, element, vr, len(value)) + value
