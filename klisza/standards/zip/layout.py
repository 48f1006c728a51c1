"""Where every byte of an archive stands, before any of it is read: exact length, and a start at any byte.

The same members, moment, password and secret give the same bytes, so that a download that was cut goes on where it
ended. Nothing is compressed: medical images are compressed already, or lie on the patient's disk for an hour.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from . import records
from .aes import CODE, OVERHEAD, SALT, VERIFIER, Scrambler

AHEAD = 3  # members whose keys are derived while another one is written
SMALL = 64 * 1024  # shorter pieces wait for company: each one costs a turn of the server


@dataclass(frozen=True)
class Member:
    """name: ASCII, with slashes. read(offset): the content from there, `size - offset` bytes.

    crc32: None when it is known only after reading; it stands behind the data then.
    """

    name: str
    size: int
    crc32: int | None
    read: Callable[[int], Iterator[bytes]]


class CutShort(Exception):
    """A member gave other than its promised number of bytes."""


class Archive:
    """checksums: of members without one, by their index, as far as they are known; grows while it is read."""

    def __init__(
        self, members: list[Member], *, modified: datetime, password: bytes = b"", secret: bytes = b"",
        checksums: dict[int, int] | None = None, watch: Callable[[int], None] | None = None,
    ) -> None:  # fmt: skip
        self.members, self.password, self.secret = members, password, secret
        self.checksums = {} if checksums is None else checksums
        self._watch = watch
        extra = OVERHEAD if password else 0
        self._facts = [
            records.Facts(
                one.name.encode("ascii"), one.size, one.size + extra, one.crc32, bool(password), modified
            )
            for one in members
        ]
        lengths = [
            len(records.local(facts)) + facts.stored + records.descriptor_size(facts) for facts in self._facts
        ]
        self._offsets = [0, *accumulate(lengths)]
        self.directory_at = self._offsets[-1]
        self._directory_length = sum(
            records.central_size(facts, offset)
            for facts, offset in zip(self._facts, self._offsets, strict=False)
        )
        self.size = self.directory_at + self._directory_length + records.end_size(**self._end())

    def stream(self, start: int = 0, length: int | None = None) -> Generator[bytes, None, None]:
        """`length` bytes (default: all) from `start`."""
        left = self.size - start if length is None else min(length, self.size - start)
        for piece in _gathered(self._from(start)):
            if len(piece) >= left:
                yield piece[:left]
                return
            left -= len(piece)
            yield piece

    def _from(self, start: int) -> Iterator[bytes]:
        with ExitStack() as stack:
            scrambler = stack.enter_context(Scrambler(self.password, self.secret)) if self.password else None
            first = bisect_right(self._offsets, start) - 1
            for index in range(first, len(self.members)):
                if self._watch:
                    self._watch(index)
                yield from self._member(index, max(0, start - self._offsets[index]), scrambler)
            yield self._tail()[max(0, start - self.directory_at) :]

    def _member(self, index: int, skip: int, scrambler: Scrambler | None) -> Iterator[bytes]:
        facts = self._facts[index]
        head = records.local(facts)
        if scrambler:
            head += scrambler.head(index)
            for following in range(index + 1, min(index + 1 + AHEAD, len(self.members))):
                scrambler.look_ahead(following)
        if skip < len(head):
            yield head[skip:]
        offset = min(max(0, skip - len(head)), facts.size)
        tail_skip = max(0, skip - len(head) - facts.size)
        body = self._sealed(index, offset, scrambler) if scrambler else self._plain(index, offset)
        yield from _without(body, tail_skip)
        if scrambler:
            scrambler.done(index)

    def _plain(self, index: int, offset: int) -> Iterator[bytes]:
        facts, checksum = self._facts[index], 0
        watched = facts.is_deferred and offset == 0
        for piece in self._content(index, offset):
            if watched:
                checksum = zlib.crc32(piece, checksum)
            yield piece
        if watched:
            self.checksums[index] = checksum
        if facts.is_deferred:
            yield records.descriptor(facts, self._checksum(index))

    def _sealed(self, index: int, offset: int, scrambler: Scrambler) -> Iterator[bytes]:
        """Somebody who goes on in the middle gets his bytes at once; the code of the whole costs another reading."""
        yield from scrambler.body(index, self._content(index, offset), offset=offset)
        if offset:
            yield scrambler.code(index, self._content(index, 0))[:CODE]

    def _content(self, index: int, offset: int) -> Iterator[bytes]:
        """Raises CutShort instead of giving a byte too much or too little."""
        left = self.members[index].size - offset
        if left <= 0:
            return
        for piece in self.members[index].read(offset):
            left -= len(piece)
            if left < 0:
                raise CutShort
            yield piece
        if left:
            raise CutShort

    def _checksum(self, index: int) -> int:
        """Of a member that was sent to somebody else, or before a restart, it is computed anew."""
        known = self.members[index].crc32
        if known is not None or self._facts[index].encrypted:
            return self._facts[index].visible_crc32
        if index not in self.checksums:
            checksum = 0
            for piece in self._content(index, 0):
                checksum = zlib.crc32(piece, checksum)
            self.checksums[index] = checksum
        return self.checksums[index]

    def _tail(self) -> bytes:
        rows = [
            records.central(facts, offset, self._checksum(index))
            for index, (facts, offset) in enumerate(zip(self._facts, self._offsets, strict=False))
        ]
        return b"".join(rows) + records.end(**self._end())

    def _end(self) -> dict[str, int]:
        return {"count": len(self.members), "begin": self.directory_at, "length": self._directory_length}


def _without(pieces: Iterator[bytes], skip: int) -> Iterator[bytes]:
    for piece in pieces:
        if skip < len(piece):
            yield piece[skip:]
        skip = max(0, skip - len(piece))


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    small: list[bytes] = []
    waiting = 0
    for piece in pieces:
        if len(piece) < SMALL:
            small.append(piece)
            waiting += len(piece)
            if waiting < SMALL:
                continue
            piece = b""  # noqa: PLW2901 - what waited is enough for a turn
        if small:
            yield b"".join(small)
            small, waiting = [], 0
        if piece:
            yield piece
    if small:
        yield b"".join(small)


__all__ = ["CODE", "OVERHEAD", "SALT", "VERIFIER", "Archive", "CutShort", "Member"]
