"""The records of a ZIP file (APPNOTE 6.3.10, sections 4.3 and 4.5), packed from numbers."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime

LOCAL = struct.Struct("<4s5HLLLHH")
CENTRAL = struct.Struct("<4s6HLLLHHHHHLL")
END = struct.Struct("<4s4HLLH")
END64 = struct.Struct("<4sQHHLLQQQQ")
LOCATOR = struct.Struct("<4sLQL")
WORD, SHORT = 0xFFFFFFFF, 0xFFFF
MADE_BY = 3 << 8 | 63  # Unix, version 6.3
MODE = 0o100644 << 16
STORED, AES = 0, 99
ENCRYPTED, DEFERRED = 1, 8
AE2 = struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, STORED)  # version 2, 256 bits


@dataclass(frozen=True)
class Facts:
    """Of one member. size: of its content; stored: with what encryption adds. crc32: None = stands behind the data."""

    name: bytes
    size: int
    stored: int
    crc32: int | None
    encrypted: bool
    modified: datetime

    @property
    def is_large(self) -> bool:
        return self.stored >= WORD

    @property
    def is_deferred(self) -> bool:
        """An encrypted member has no checksum to wait for (AE-2): its authentication code takes its place."""
        return self.crc32 is None and not self.encrypted

    @property
    def flags(self) -> int:
        return (ENCRYPTED if self.encrypted else 0) | (DEFERRED if self.is_deferred else 0)

    @property
    def visible_crc32(self) -> int:
        return 0 if self.encrypted or self.crc32 is None else self.crc32

    def needs(self, *, far: bool = False) -> int:
        """Version needed to extract."""
        if self.encrypted:
            return 51
        return 45 if self.is_large or far else 20


def local(facts: Facts) -> bytes:
    sizes = (0, 0) if facts.is_deferred else (facts.stored, facts.size)
    extra = b""
    if facts.is_large:
        extra = struct.pack("<HHQQ", 1, 16, sizes[1], sizes[0])
        sizes = (WORD, WORD)
    extra += AE2 if facts.encrypted else b""
    head = LOCAL.pack(
        b"PK\3\4", facts.needs(), facts.flags, AES if facts.encrypted else STORED, *_moment(facts.modified),
        0 if facts.is_deferred else facts.visible_crc32, *sizes, len(facts.name), len(extra),
    )  # fmt: skip
    return head + facts.name + extra


def descriptor(facts: Facts, crc32: int) -> bytes:
    form = "<4sLQQ" if facts.is_large else "<4sLLL"
    return struct.pack(form, b"PK\7\x08", crc32, facts.stored, facts.size)


def descriptor_size(facts: Facts) -> int:
    if not facts.is_deferred:
        return 0
    return 24 if facts.is_large else 16


def central(facts: Facts, offset: int, crc32: int) -> bytes:
    far = offset >= WORD
    wide = b""
    sizes, place = (facts.stored, facts.size), offset
    if facts.is_large:
        wide, sizes = struct.pack("<QQ", facts.size, facts.stored), (WORD, WORD)
    if far:
        wide, place = wide + struct.pack("<Q", offset), WORD
    extra = struct.pack("<HH", 1, len(wide)) + wide if wide else b""
    extra += AE2 if facts.encrypted else b""
    head = CENTRAL.pack(
        b"PK\1\2", MADE_BY, facts.needs(far=far), facts.flags, AES if facts.encrypted else STORED,
        *_moment(facts.modified), crc32, *sizes, len(facts.name), len(extra), 0, 0, 0, MODE, place,
    )  # fmt: skip
    return head + facts.name + extra


def central_size(facts: Facts, offset: int) -> int:
    wide = (16 if facts.is_large else 0) + (8 if offset >= WORD else 0)
    extra = (wide + 4 if wide else 0) + (len(AE2) if facts.encrypted else 0)
    return CENTRAL.size + len(facts.name) + extra


def end(*, count: int, begin: int, length: int) -> bytes:
    """What closes the file; begin, length: of the central directory."""
    closing = END.pack(
        b"PK\5\6", 0, 0, min(count, SHORT), min(count, SHORT), min(length, WORD), min(begin, WORD), 0
    )
    if not end_is_large(count=count, begin=begin, length=length):
        return closing
    wide = END64.pack(b"PK\6\6", END64.size - 12, MADE_BY, 45, 0, 0, count, count, length, begin)
    return wide + LOCATOR.pack(b"PK\6\7", 0, begin + length, 1) + closing


def end_is_large(*, count: int, begin: int, length: int) -> bool:
    return count >= SHORT or begin >= WORD or length >= WORD


def end_size(*, count: int, begin: int, length: int) -> int:
    wide = end_is_large(count=count, begin=begin, length=length)
    return END.size + (END64.size + LOCATOR.size if wide else 0)


def _moment(at: datetime) -> tuple[int, int]:
    """(time, date) as MS-DOS counts, even seconds since 1980."""
    return (
        at.hour << 11 | at.minute << 5 | at.second // 2,
        (min(max(at.year, 1980), 2107) - 1980) << 9 | at.month << 5 | at.day,
    )
