"""Request bodies read piece by piece, as they come: nothing of a large one lies in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from django.http.request import UnreadablePostError

PIECE = 256 * 1024


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Body:
    """`length`: as announced. `cut`: the line broke before all of it had come."""

    def __init__(self, source: Readable, length: int) -> None:
        self.source, self.length = source, length
        self.left = length
        self.cut = False

    def pieces(self, most: int | None = None) -> Iterator[bytes]:
        """Up to `most` bytes, fewer when the line breaks."""
        wanted = self.left if most is None else min(most, self.left)
        while wanted and (piece := self._read(min(PIECE, wanted))):
            wanted -= len(piece)
            yield piece

    def read(self, size: int) -> bytes:
        return b"".join(self.pieces(size))

    def _read(self, size: int) -> bytes:
        try:
            piece = self.source.read(size)
        except (OSError, UnreadablePostError):
            piece = b""
        if not piece:
            self.cut, self.left = True, 0
        self.left -= len(piece)
        return piece
