"""A file of the ZIP that is made of pieces: bytes of ours, and parts of files that are kept."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PIECE = 1024 * 1024


@dataclass(frozen=True)
class Slice:
    """`size` bytes of a file from `offset`."""

    path: Path
    offset: int
    size: int

    def read(self, skip: int = 0) -> Iterator[bytes]:
        left = self.size - skip
        with self.path.open("rb") as file:
            file.seek(self.offset + skip)
            while left > 0 and (piece := file.read(min(PIECE, left))):
                yield piece
                left -= len(piece)


@dataclass(frozen=True)
class Member:
    """One file. name: below the ZIP's root, 8.3 upper-case."""

    name: str
    size: int
    crc32: int
    pieces: tuple[bytes | Slice, ...]

    def stream(self, offset: int = 0) -> Iterator[bytes]:
        for piece in self.pieces:
            size = len(piece) if isinstance(piece, bytes) else piece.size
            if offset >= size:
                offset -= size
                continue
            if isinstance(piece, bytes):
                yield piece[offset:]
            else:
                yield from piece.read(offset)
            offset = 0


def of_bytes(name: str, data: bytes) -> Member:
    return Member(name, len(data), zlib.crc32(data), (data,))


def of_file(name: str, path: Path, size: int, crc32: int) -> Member:
    return Member(name, size, crc32, (Slice(path, 0, size),))


def of_pieces(name: str, pieces: list[bytes | Slice]) -> Member:
    """Reads them once, for the checksum, in constant memory."""
    checksum = size = 0
    for piece in pieces:
        for data in (piece,) if isinstance(piece, bytes) else piece.read():
            checksum = zlib.crc32(data, checksum)
            size += len(data)
    return Member(name, size, checksum, tuple(pieces))
