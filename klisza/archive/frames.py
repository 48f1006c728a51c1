"""The frame index of an instance as kept in its row: which bytes are frame n, without parsing DICOM.

Layout, little endian: version (1 byte), then two tables, the first for the frames as they lie in the Part
10 blob, the second for
those of the rendition. A table is its kind (1 byte), the number of frames (4 bytes) and
    kind 1: offset and length (8 bytes each) of the first frame; the others follow without a gap, each as
    long;
    kind 2: for each frame the number of its first piece (4 bytes), the number of pieces, then offset (8)
    and length (4) each.
"""

from __future__ import annotations

import struct
from typing import Any

VERSION = 1
NONE, EVEN, PIECES = 0, 1, 2
HEAD = struct.Struct("<BL")
EVEN_ROW = struct.Struct("<QQ")
STARTS = struct.Struct("<LL")
PIECE = struct.Struct("<QL")

Piece = tuple[int, int]


def encode(
    original: dict[str, Any] | None, rendition: dict[str, Any] | None, *, sizes: tuple[int, int]
) -> bytes:
    """original, rendition: as standards.dicom.frames.as_json gives them; sizes: bytes of the two blobs.

    The numbers come from the sandbox, which may have been taken over: what lies outside the blob raises
    ValueError.
    """
    return bytes([VERSION]) + _table(original, sizes[0]) + _table(rendition, sizes[1])


def count(index: bytes, *, rendition: bool) -> int:
    """Number of frames in one of the tables; 0 when there is none."""
    position = _position(index, rendition=rendition)
    return 0 if position is None else HEAD.unpack_from(index, position)[1]


def pieces(index: bytes, number: int, *, rendition: bool) -> list[Piece]:
    """(offset, length) of each piece of frame `number`, counted from 0; empty when there is no such frame."""
    position = _position(index, rendition=rendition)
    if position is None:
        return []
    kind, frames = HEAD.unpack_from(index, position)
    position += HEAD.size
    if not 0 <= number < frames or kind == NONE:
        return []
    if kind == EVEN:
        first, length = EVEN_ROW.unpack_from(index, position)
        return [(first + number * length, length)]
    begin, end = STARTS.unpack_from(index, position + 4 * number)
    position += 4 * (frames + 1)
    return [PIECE.unpack_from(index, position + PIECE.size * piece) for piece in range(begin, end)]


def _table(frames: dict[str, Any] | None, size: int) -> bytes:
    if not frames:
        return HEAD.pack(NONE, 0)
    if "pieces" not in frames:
        first, length, number = int(frames["first"]), int(frames["length"]), int(frames["count"])
        if min(first, length, number) < 0 or first + length * number > size:
            raise ValueError("frames outside the blob")
        return HEAD.pack(EVEN, number) + EVEN_ROW.pack(first, length)
    starts, rows = [0], []
    for frame in frames["pieces"]:
        for offset, length in frame:
            if min(offset, length) < 0 or offset + length > size:
                raise ValueError("frames outside the blob")
            rows.append(PIECE.pack(offset, length))
        starts.append(len(rows))
    return HEAD.pack(PIECES, len(starts) - 1) + struct.pack(f"<{len(starts)}L", *starts) + b"".join(rows)


def _position(index: bytes, *, rendition: bool) -> int | None:
    """Where the wanted table begins; None in an empty index."""
    if not index or index[0] != VERSION:
        return None
    if not rendition:
        return 1
    kind, frames = HEAD.unpack_from(index, 1)
    position = 1 + HEAD.size
    if kind == EVEN:
        return position + EVEN_ROW.size
    if kind == PIECES:
        last = struct.unpack_from("<L", index, position + 4 * frames)[0]
        return position + 4 * (frames + 1) + PIECE.size * last
    return position
