"""What a compressed frame says about its own size: it must not promise a browser more than the DICOM header
does (R21)."""

from __future__ import annotations

import struct

JPEG_FRAME_MARKERS = {
    0xC0,
    0xC1,
    0xC2,
    0xC3,
    0xC5,
    0xC6,
    0xC7,
    0xC9,
    0xCA,
    0xCB,
    0xCD,
    0xCE,
    0xCF,
    0xF7,
}  # F7: JPEG-LS
STANDALONE_MARKERS = {0x01, *range(0xD0, 0xD9)}
HEAD_BYTES = 256 * 1024  # APPn segments (colour profiles) may stand before the frame header


def size_of(head: bytes) -> tuple[int, int] | None:
    """(rows, columns) of a JPEG, JPEG-LS, JPEG 2000 or HTJ2K codestream; None when it is none of these."""
    if head[:4] == b"\xff\x4f\xff\x51" and len(head) >= 24:
        width, height, left, top = struct.unpack(">4L", head[8:24])
        return height - top, width - left
    if head[:2] == b"\xff\xd8":
        return _jpeg(head)
    return None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 <= len(head) and head[position] == 0xFF:
        marker = head[position + 1]
        if marker in JPEG_FRAME_MARKERS:
            rows, columns = struct.unpack(">HH", head[position + 5 : position + 9])
            return rows, columns
        if marker == 0xFF:  # fill byte
            position += 1
        elif marker in STANDALONE_MARKERS:
            position += 2
        else:
            position += 2 + struct.unpack(">H", head[position + 2 : position + 4])[0]
    return None
