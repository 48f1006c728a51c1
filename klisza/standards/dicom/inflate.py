"""Deflated data sets (PS3.5 A.5) within limits: 2 MB on the wire may stand for 2 GB (trust.md P6)."""

from __future__ import annotations

import mmap
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from .errors import TooComplex, Unreadable
from .scan import Buffer

MAX_INFLATED = 512 * 1024 * 1024
MAX_RATIO = 200
HARMLESS = 64 * 1024 * 1024  # below this any ratio is fine: black slices shrink a thousand times
IN_MEMORY = 8 * 1024 * 1024
PIECE = 65_536
LARGEST_STEP = 1024 * 1024


@contextmanager
def inflated(data: Buffer) -> Iterator[Buffer]:
    """The clear data set: in memory when small, else mapped from an unnamed file. Raises Unreadable."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
        size = _inflate(data, spool)
        if size <= IN_MEMORY:
            spool.seek(0)
            yield spool.read()
            return
        spool.flush()
        with mmap.mmap(spool.fileno(), size, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
            yield view


def _inflate(data: Buffer, target: IO[bytes]) -> int:
    """The ratio is judged by what was consumed so far, so that a bomb ends at its beginning."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    size = consumed = 0
    while not engine.eof:
        fresh = bytes(data[consumed : consumed + PIECE]) if not engine.unconsumed_tail else b""
        consumed += len(fresh)
        piece = _decompress(engine, engine.unconsumed_tail or fresh)
        if not piece and not fresh:
            raise Unreadable("the deflated data set is cut off")
        size += len(piece)
        if size > MAX_INFLATED or (size > HARMLESS and size > MAX_RATIO * consumed):
            raise TooComplex("the deflated data set inflates to far more than an image")
        target.write(piece)
    return size


def _decompress(engine: Any, waiting: bytes) -> bytes:
    try:
        return bytes(engine.decompress(waiting, LARGEST_STEP))
    except zlib.error:
        raise Unreadable("the deflated data set is damaged") from None
