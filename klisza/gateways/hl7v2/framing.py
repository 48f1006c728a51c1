"""MLLP on bytes: START content END [CR]. Whatever the pieces in which it arrives, the same frames come out.

The standard forbids both block characters inside a message, so END always ends it: senders that leave out the
closing CR are understood, and a START inside a message is an attack or a broken sender (R06).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from klisza.base.errors import Unavailable

START, END, CR = b"\x0b", b"\x1c", b"\r"
IN_MEMORY = 1024 * 1024
MOST_GARBAGE = 65_536  # between two messages: line ends, keep-alive signs; more is no MLLP


class Cut(Exception):
    """The connection cannot go on. The text names the cause, never the content."""


def framed(message: bytes) -> bytes:
    return START + message + END + CR


class Frame:
    """The content of one message while it arrives: in memory while small, then in an unnamed file."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder, limit
        self.began = time.monotonic()
        self.size = 0
        self.pieces = bytearray()
        self.file: IO[bytes] | None = None

    def add(self, piece: bytes | memoryview) -> None:
        self.size += len(piece)
        if self.size > self.limit:
            raise Cut("message too large")
        try:
            if self.file is None and self.size > IN_MEMORY:
                self._roll_over()
            if self.file is None:
                self.pieces += piece
            else:
                self.file.write(piece)
        except OSError:
            raise Unavailable("storage: no room to receive") from None

    def content(self) -> bytes:
        if self.file is None:
            return bytes(self.pieces)
        self.file.seek(0)
        return self.file.read()

    def close(self) -> None:
        self.pieces = bytearray()
        if self.file is not None:
            with suppress(OSError):  # a full disk speaks up again when the buffer is flushed
                self.file.close()
            self.file = None

    def _roll_over(self) -> None:
        """Onto the data disk: /tmp may be memory."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file = TemporaryFile(dir=self.folder)  # noqa: SIM115 - lives as long as the frame
        self.file.write(self.pieces)
        self.pieces = bytearray()


class Framer:
    """Bytes in, messages out. limit: bytes of one message."""

    def __init__(self, *, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder, limit
        self.frame: Frame | None = None
        self.garbage = 0

    def feed(self, received: bytes | memoryview) -> Iterator[bytes]:
        """Messages that end in these bytes. Raises Cut, Unavailable."""
        rest = bytes(received)
        while rest:
            if self.frame is None:
                rest = self._skip(rest)
                continue
            end, start = rest.find(END), rest.find(START)
            if start >= 0 and (end < 0 or start < end):
                raise Cut("start block inside a message")
            if self.frame.size == 0 and 0 <= end <= self.limit:  # all of it came in one go, as small ones do
                self.frame, whole, rest = None, rest[:end], rest[end + 1 :]
                yield whole
                continue
            self.frame.add(rest if end < 0 else rest[:end])
            if end < 0:
                return
            rest = rest[end + 1 :]
            yield self._take()

    def close(self) -> None:
        if self.frame is not None:
            self.frame.close()
            self.frame = None

    def _skip(self, rest: bytes) -> bytes:
        start = rest.find(START)
        self.garbage += len(rest) if start < 0 else start
        if self.garbage > MOST_GARBAGE:
            raise Cut("no message in what was sent")
        if start < 0:
            return b""
        self.frame, self.garbage = Frame(self.folder, self.limit), 0
        return rest[start + 1 :]

    def _take(self) -> bytes:
        frame, self.frame = self.frame, None
        assert frame is not None  # noqa: S101 - for the type checker
        try:
            return frame.content()
        finally:
            frame.close()
