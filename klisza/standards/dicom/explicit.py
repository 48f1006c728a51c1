"""Any instance as plain Explicit VR Little Endian, for readers that decode nothing (PDI, STD-GEN-CD).

Runs in the sandbox. How long the result will be is known from the header alone, so that a download can say its size
before a single picture is decoded.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import config, dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.filebase import DicomIO
from pydicom.filewriter import write_dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from .frames import NoPicture, Picture, picture, read_header
from .part10 import wrap
from .render_rendition import decoded
from .uids import EXPLICIT_LE

LONGEST = 0xFFFFFFFE
PIECE = 1024 * 1024
PIXEL_HEAD = struct.Struct("<HH2sHL")
MISTAKES = (
    NoPicture,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    OSError,
)
# Of the compressed form only; what follows the pixels (padding, signatures over other bytes) goes with it.
ONLY_COMPRESSED = (
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "EncapsulatedPixelDataValueTotalLength",
)


@dataclass(frozen=True)
class Plain:
    """head: everything before the pixels. pixels: bytes of the pixel data, padded; None = it has none."""

    head: bytes
    pixels: int | None
    found: Picture | None

    @property
    def size(self) -> int:
        return len(self.head) + (0 if self.pixels is None else self.pixels)


def size(path: str) -> int:
    """Bytes of the plain form; 0 when there can be none. Never raises for what lies in the file."""
    try:
        return plain(path).size
    except MISTAKES:
        return 0


def convert(*, items: list[dict[str, Any]]) -> list[int]:
    """Write the plain form of each `path` as `name` in the working directory; returns their sizes, 0 = none."""
    sizes = []
    for item in items:
        try:
            sizes.append(_write(item["path"], Path(item["name"])))
        except MISTAKES:
            Path(item["name"]).unlink(missing_ok=True)
            sizes.append(0)
    return sizes


def plain(path: str) -> Plain:
    """Raises one of MISTAKES."""
    _be_tolerant()
    dataset, position = read_header(path)
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax in (DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian):
        raise NoPicture("of this syntax there is no plain form")
    found = picture(path, dataset, position)
    if found is None:
        whole = dcmread(path, force=True)
        return Plain(_head(whole), None, None)
    if found.pixel_keyword != "PixelData":
        raise NoPicture("its pixels are not integers")
    length = _pixel_length(path, found)
    _describe(dataset, found)
    vr = b"OW" if found.layout.bits_allocated > 8 or not found.encapsulated else b"OB"
    return Plain(_head(dataset) + PIXEL_HEAD.pack(0x7FE0, 0x0010, vr, 0, length), length, found)


def _pixel_length(path: str, found: Picture) -> int:
    if not found.encapsulated:
        return sum(length for frame in found.pieces for _, length in frame) + _odd(found)
    shape = found.layout
    if shape.bits_allocated not in (8, 16):
        raise NoPicture("its pixels have an unusual depth")
    length = shape.rows * shape.columns * shape.samples * shape.bits_allocated // 8 * shape.frames
    if length > LONGEST:
        raise NoPicture("it is too long for one element")
    return length + length % 2


def _odd(found: Picture) -> int:
    if not found.pieces:
        raise NoPicture("its frames cannot be cut out")
    return sum(length for frame in found.pieces for _, length in frame) % 2


def _describe(dataset: FileDataset, found: Picture) -> None:
    """What decoding changes: colours become RGB, pixel by pixel (PS3.3 C.7.6.3.1.2)."""
    for keyword in ONLY_COMPRESSED:
        if keyword in dataset:
            delattr(dataset, keyword)
    if found.encapsulated and found.layout.samples > 1:
        if str(dataset.PhotometricInterpretation).startswith("YBR"):
            dataset.PhotometricInterpretation = "RGB"
        dataset.PlanarConfiguration = 0


def _head(dataset: Dataset) -> bytes:
    out = io.BytesIO()
    out.write(
        wrap(
            sop_class_uid=str(dataset.SOPClassUID),
            sop_instance_uid=str(dataset.SOPInstanceUID),
            transfer_syntax_uid=EXPLICIT_LE,
        )
    )
    form = DicomIO(out)
    form.is_implicit_VR, form.is_little_endian = False, True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_dataset(form, dataset)
    return out.getvalue()


def _write(path: str, target: Path) -> int:
    made = plain(path)
    with target.open("wb") as out:
        out.write(made.head)
        if made.found is not None and made.pixels is not None:
            written = 0
            for piece in _pixels(path, made.found):
                out.write(piece)
                written += len(piece)
            out.write(b"\0" * (made.pixels - written))
            if not 0 <= made.pixels - written <= 1:
                raise NoPicture("its pixels are not as many as promised")
    return made.size


def _pixels(path: str, found: Picture) -> Iterator[bytes]:
    if not found.encapsulated:
        with open(path, "rb") as file:
            for frame in found.pieces:
                for offset, length in frame:
                    file.seek(offset)
                    yield file.read(length)
        return
    shape = found.layout
    kind = np.dtype("<u1" if shape.bits_allocated == 8 else "<u2")
    for image in decoded(path, found):
        if image.dtype.itemsize != kind.itemsize:
            raise NoPicture("its pixels have another depth than its header says")
        yield np.ascontiguousarray(image).tobytes()


def _be_tolerant() -> None:
    config.settings.reading_validation_mode = config.settings.writing_validation_mode = config.IGNORE
