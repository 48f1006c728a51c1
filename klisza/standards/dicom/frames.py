"""Where each frame lies in a Part 10 file, found without decoding anything.

A frame is a list of pieces (offset, length) counted from the start of the file: one piece for native pixel
data, one
per fragment for encapsulated pixel data. Runs in the sandbox: the file may be hostile.
"""

from __future__ import annotations

import os
import struct
import warnings
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.encaps import parse_basic_offsets, parse_fragments
from pydicom.filewriter import correct_ambiguous_vr
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

Piece = tuple[int, int]

UNDEFINED_LENGTH = 0xFFFFFFFF
FRAME_LIMIT = 512 * 1024 * 1024  # bytes of one decoded frame: a 16-bit 16000 x 16000 image
FRAMES_LIMIT = 100_000
SIDE_LIMIT = 65_535  # Rows and Columns are US; a file that writes them as UL does not get more
PIXEL_TAGS = {0x7FE00010: "PixelData", 0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData"}
BITS = (1, 8, 16, 32, 64)
VIDEO = "1.2.840.10008.1.2.4.10"  # .100 to .109: MPEG-2, H.264, HEVC in all their profiles


class NoPicture(Exception):
    """The object cannot be drawn; the message is a plain sentence for staff, without patient data."""


@dataclass(frozen=True)
class Layout:
    """`frame_bytes`: of one decoded native frame, 0 for bit-packed ones that do not begin at a byte."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    frames: int
    frame_bytes: int


@dataclass
class Picture:
    """A parsed file: the data set without its pixels, and where its frames are."""

    dataset: FileDataset
    layout: Layout
    syntax: str
    pixel_keyword: str
    encapsulated: bool
    pieces: list[list[Piece]]  # empty when the frames cannot be cut out (deflated, bit-packed)


def read_header(path: str) -> tuple[FileDataset, int]:
    """The data set up to its pixel data, and the file position of the pixel data element."""
    with warnings.catch_warnings(), open(path, "rb") as file:
        warnings.simplefilter("ignore")
        dataset = dcmread(file, stop_before_pixels=True, force=True)
        position = file.tell()
        # Implicit VR leaves "US or SS" values as bytes; LUT descriptors and padding values need their type.
        correct_ambiguous_vr(dataset, dataset.original_encoding[1] is not False)
    return dataset, position


def picture(path: str, dataset: FileDataset, position: int) -> Picture | None:
    """None when the object has no pixel data. Raises NoPicture when it has, but not what its header
    promises."""
    syntax = str(getattr(dataset.file_meta, "TransferSyntaxUID", "") or "")
    if syntax.startswith(VIDEO):
        raise NoPicture("video cannot be shown here, it can be downloaded")
    if syntax == DeflatedExplicitVRLittleEndian:
        # The element lies inside the compressed stream: no offsets to give, the frames must be written out
        # anew.
        return (
            Picture(dataset, layout(dataset), syntax, "PixelData", False, []) if "Rows" in dataset else None
        )
    with open(path, "rb") as file:
        found = _element(
            file,
            position,
            implicit=dataset.original_encoding[0] is True,
            little=syntax != ExplicitVRBigEndian,
        )
        if found is None:
            return None
        keyword, start, length = found
        shape = layout(dataset, integers=keyword == "PixelData")
        size = os.fstat(file.fileno()).st_size
        if length == UNDEFINED_LENGTH:
            file.seek(start)
            pieces = _encapsulated(file, dataset, shape.frames, size)
            return Picture(dataset, shape, syntax, keyword, True, pieces)
    return Picture(dataset, shape, syntax, keyword, False, _native(shape, start, min(length, size - start)))


def layout(dataset: FileDataset, *, integers: bool = True) -> Layout:
    """Checked before anything is allocated (a product of hostile numbers is where decoders overflow)."""
    rows, columns = _number(dataset, "Rows"), _number(dataset, "Columns")
    samples = _number(dataset, "SamplesPerPixel", 1)
    bits = _number(dataset, "BitsAllocated")
    frames = _number(dataset, "NumberOfFrames", 1) or 1
    if not (0 < rows <= SIDE_LIMIT and 0 < columns <= SIDE_LIMIT):
        raise NoPicture("the image has no valid size")
    if samples not in (1, 3, 4) or bits not in BITS or (bits == 1 and samples != 1):
        raise NoPicture("the image has a pixel format that does not exist")
    if integers and bits != 1 and not 1 <= _number(dataset, "BitsStored", bits) <= bits:
        raise NoPicture("the image stores more bits than it has")
    if not 0 < frames <= FRAMES_LIMIT:
        raise NoPicture("the image has an impossible number of frames")
    bytes_of_frame = rows * columns * samples * bits // 8
    if bytes_of_frame > FRAME_LIMIT:
        raise NoPicture("the image is too large")
    if str(dataset.get("PhotometricInterpretation", "")) == "YBR_FULL_422":
        bytes_of_frame = bytes_of_frame // 3 * 2  # two pixels share one pair of colours (PS3.3 C.7.6.3.1.2)
    whole_bytes = rows * columns * samples * bits % 8 == 0
    return Layout(rows, columns, samples, bits, frames, bytes_of_frame if whole_bytes else 0)


def _number(dataset: FileDataset, keyword: str, default: int = 0) -> int:
    value = dataset.get(keyword, default)
    if value is None or value == "":
        return default
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise NoPicture(f"{keyword} is not a number") from None


def _element(file: BinaryIO, position: int, *, implicit: bool, little: bool) -> tuple[str, int, int] | None:
    """Keyword, start and length of the value of the pixel data element at `position`; None at the end of
    the file."""
    file.seek(position)
    head = file.read(12)
    if len(head) < 8:
        return None
    order = "<" if little else ">"
    group, element = struct.unpack(f"{order}HH", head[:4])
    keyword = PIXEL_TAGS.get(group << 16 | element)
    if keyword is None:
        return None
    if implicit:
        return keyword, position + 8, struct.unpack(f"{order}L", head[4:8])[0]
    if len(head) < 12:
        raise NoPicture("the file ends before its pixel data")
    return keyword, position + 12, struct.unpack(f"{order}L", head[8:12])[0]


def _native(shape: Layout, start: int, length: int) -> list[list[Piece]]:
    """Bytes that are not there are never made up from what lies behind them (R24)."""
    whole = shape.frame_bytes or -(-shape.rows * shape.columns * shape.bits_allocated // 8)
    needed = whole * shape.frames if shape.frame_bytes else -(-shape.rows * shape.columns * shape.frames // 8)
    if length < needed:
        raise NoPicture(f"the pixel data is {needed - length} bytes shorter than the image")
    if shape.bits_allocated == 1 and shape.frames > 1 and not shape.frame_bytes:
        return []
    return [[(start + number * whole, whole)] for number in range(shape.frames)]


def _encapsulated(file: BinaryIO, dataset: FileDataset, frames: int, size: int) -> list[list[Piece]]:
    try:
        offsets = parse_basic_offsets(file)
        first = file.tell()
        _, items = parse_fragments(file)
        fragments = [_fragment(file, item, size) for item in items]
    except (ValueError, struct.error, OSError):
        raise NoPicture("the compressed pixel data is damaged") from None
    extended = _extended(dataset, first, frames, size)
    if extended:
        return extended
    groups = _by_table(fragments, [first + offset for offset in offsets], frames) or _by_count(
        file, fragments, frames
    )
    if len(groups) < frames:
        raise NoPicture(f"{frames} frames are promised, {len(groups)} are there")
    return groups[:frames]


def _fragment(file: BinaryIO, item: int, size: int) -> Piece:
    file.seek(item + 4)
    (length,) = struct.unpack("<L", file.read(4))
    if item + 8 + length > size:
        raise ValueError("a fragment ends behind the file")
    return item + 8, length


def _extended(dataset: FileDataset, first: int, frames: int, size: int) -> list[list[Piece]]:
    """Extended Offset Table (PS3.3 C.7.6.3.1.8): one fragment a frame; ignored when it does not fit the
    file."""
    offsets, lengths = dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths")
    if (
        not isinstance(offsets, bytes)
        or not isinstance(lengths, bytes)
        or len(offsets) != frames * 8
        or len(lengths) != frames * 8
    ):
        return []
    pairs = zip(struct.unpack(f"<{frames}Q", offsets), struct.unpack(f"<{frames}Q", lengths), strict=True)
    groups = [[(first + offset + 8, length)] for offset, length in pairs]
    return groups if all(group[0][0] + group[0][1] <= size for group in groups) else []


def _by_table(fragments: list[Piece], starts: list[int], frames: int) -> list[list[Piece]]:
    """Basic Offset Table; ignored when it names no item (some senders write nonsense there)."""
    items = {offset - 8 for offset, _ in fragments}
    if len(starts) != frames or not set(starts) <= items or starts != sorted(set(starts)):
        return []
    groups: list[list[Piece]] = []
    beginnings = set(starts)
    for piece in fragments:
        if piece[0] - 8 in beginnings:
            groups.append([])
        if groups:
            groups[-1].append(piece)
    return groups


def _by_count(file: BinaryIO, fragments: list[Piece], frames: int) -> list[list[Piece]]:
    if frames == 1:
        return [fragments] if fragments else []
    if len(fragments) <= frames:
        return [[piece] for piece in fragments]
    # More fragments than frames and no table: a frame ends where its codestream does (EOI / EOC marker).
    groups: list[list[Piece]] = [[]]
    for piece in fragments:
        groups[-1].append(piece)
        file.seek(piece[0] + max(0, piece[1] - 10))
        if b"\xff\xd9" in file.read(min(10, piece[1])):
            groups.append([])
    return groups if groups[-1] else groups[:-1]


def as_json(pieces: list[list[Piece]]) -> dict[str, Any] | None:
    """The answer's form: `first`, `length`, `count` for evenly spaced frames, else every piece."""
    if not pieces:
        return None
    offset, length = pieces[0][0]
    if all(frame == [(offset + number * length, length)] for number, frame in enumerate(pieces)):
        return {"first": offset, "length": length, "count": len(pieces)}
    return {"pieces": pieces}
