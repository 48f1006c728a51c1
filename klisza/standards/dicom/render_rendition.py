"""Frames a browser cannot be trusted with, decoded once into plain little endian pixels it can (runs in the
sandbox).

What Cornerstone3D 5.14 decodes reliably passes through untouched; the table is docs/performance.md, "What
passes".
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import iter_pixels

from .frames import NoPicture, Picture
from .frames_codestream import HEAD_BYTES, size_of

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
JPEG_BASELINE, JPEG_EXTENDED = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"
GREY_SYNTAXES = {
    "1.2.840.10008.1.2.5",  # RLE
    "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",  # JPEG lossless
    "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81",  # JPEG-LS
    "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203",  # HTJ2K
}  # fmt: skip
RENDITION_LIMIT = 1024 * 1024 * 1024
GREY = ("MONOCHROME1", "MONOCHROME2")
# Classes whose pixels are not a picture of the patient by themselves.
NO_PICTURE_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.66.4": "a segmentation is drawn over other images only",
    "1.2.840.10008.5.1.4.1.1.66.7": "a segmentation is drawn over other images only",
    "1.2.840.10008.5.1.4.1.1.481.2": "a radiotherapy dose is drawn over other images only",
    "1.2.840.10008.5.1.4.1.1.77.1.6": "microscopy needs a viewer of its own",
    "1.2.840.10008.5.1.4.1.1.30": "a parametric map is drawn over other images only",
}


@dataclass(frozen=True)
class Rendition:
    """`changes`: image attributes that now differ from the original's; None = removed."""

    frame_bytes: int
    count: int
    changes: dict[str, Any]


def passes(picture: Picture) -> bool:
    """Whether the viewer gets the frames as they lie in the file."""
    dataset, shape = picture.dataset, picture.layout
    photometric = str(dataset.get("PhotometricInterpretation", ""))
    if picture.pixel_keyword != "PixelData" or not picture.pieces or "ModalityLUTSequence" in dataset:
        return False
    stored = int(dataset.get("BitsStored") or shape.bits_allocated)
    if int(dataset.get("HighBit", stored - 1) or stored - 1) != stored - 1:
        return False
    signed = int(dataset.get("PixelRepresentation") or 0) == 1
    grey = (
        shape.samples == 1
        and photometric in GREY
        and shape.bits_allocated in (8, 16)
        and not (signed and shape.bits_allocated == 8)
    )
    if not picture.encapsulated:
        plain_color = (
            photometric == "RGB"
            and shape.bits_allocated == 8
            and not int(dataset.get("PlanarConfiguration") or 0)
        )
        return picture.syntax in (IMPLICIT, EXPLICIT) and (grey or plain_color)
    if picture.syntax == JPEG_BASELINE:
        # Browsers decide on colour by the stream's own marks: only what JPEG itself means is left to them.
        return stored == 8 and (grey or (shape.samples == 3 and photometric in ("YBR_FULL_422", "YBR_FULL")))
    return picture.syntax in GREY_SYNTAXES and grey


def check_codestream(file: BinaryIO, picture: Picture) -> None:
    """Raises NoPicture when the first frame announces another size than the data set."""
    if not picture.encapsulated or not picture.pieces or not picture.pieces[0]:
        return
    offset, length = picture.pieces[0][0]
    file.seek(offset)
    announced = size_of(file.read(min(length, HEAD_BYTES)))
    if announced is not None and announced != (picture.layout.rows, picture.layout.columns):
        raise NoPicture("the compressed picture has another size than its header says")


def decoded(path: str, picture: Picture, indices: list[int] | None = None) -> Iterator[NDArray[Any]]:
    """Frames as pydicom decodes them: (rows, columns[, samples]); YCbCr converted to RGB, palettes not yet
    applied.

    Raises whatever the decoders raise, and NoPicture.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if picture.pieces and not picture.encapsulated and picture.pixel_keyword == "PixelData":
            # The file object makes pydicom read one frame at a time instead of all pixel data.
            with open(path, "rb") as file:
                yield from iter_pixels(file, indices=indices, allow_excess_frames=False)
            return
        if picture.syntax == JPEG_EXTENDED and int(picture.dataset.get("BitsStored") or 8) > 8:
            yield from _twelve_bit(path, picture, indices)
            return
        dataset = dcmread(path, force=True)
        _honest_precision(dataset)
        yield from iter_pixels(dataset, indices=indices, allow_excess_frames=False)


def _twelve_bit(path: str, picture: Picture, indices: list[int] | None) -> Iterator[NDArray[Any]]:
    """12-bit extended JPEG: neither gdcm nor Pillow has it, and pydicom does not ask imagecodecs."""
    from imagecodecs import jpeg_decode

    with open(path, "rb") as file:
        for index in range(picture.layout.frames) if indices is None else indices:
            stream = b"".join(
                os.pread(file.fileno(), length, offset) for offset, length in picture.pieces[index]
            )
            frame = np.asarray(jpeg_decode(stream))
            if frame.shape[:2] != (picture.layout.rows, picture.layout.columns):
                raise NoPicture("the compressed picture has another size than its header says")
            yield frame


def _honest_precision(dataset: Dataset) -> None:
    if dataset.get("BitsStored") is None and dataset.get("BitsAllocated"):
        dataset.BitsStored = dataset.BitsAllocated


def write(path: str, picture: Picture, out: BinaryIO) -> Rendition:
    """Decode all frames into `out`, one after the other; greys stay greys (8 or 16 bit), all else becomes
    RGB 8 bit."""
    shape = picture.layout
    color = shape.samples > 1 or str(picture.dataset.get("PhotometricInterpretation", "")) not in GREY
    if shape.rows * shape.columns * (3 if color else 2) * shape.frames > RENDITION_LIMIT:
        raise NoPicture("the image is too large to be drawn here, it can be downloaded")
    if color:
        return _write_color(path, picture, out)
    if picture.pixel_keyword != "PixelData" or shape.bits_allocated > 16:
        return _write_scaled(path, picture, out)
    return _write_grey(path, picture, out)


def to_rgb(frame: NDArray[Any], dataset: Dataset) -> NDArray[np.uint8]:
    """One decoded colour or palette frame as (rows, columns, 3) of 8 bit."""
    bits = int(dataset.get("BitsStored") or dataset.get("BitsAllocated") or 8)
    if frame.ndim == 2:
        frame = apply_color_lut(frame, dataset)
        bits = frame.dtype.itemsize * 8 if _sixteen_bit_palette(dataset) else 8
    if bits > 8:
        frame = frame >> (bits - 8)
    return np.ascontiguousarray(frame[..., :3], dtype=np.uint8)


def _sixteen_bit_palette(dataset: Dataset) -> bool:
    """Some ultrasound machines announce 16-bit entries and write 8-bit values into them."""
    entries = dataset.get("RedPaletteColorLookupTableData") or b""
    return not entries or int(np.frombuffer(entries[: len(entries) // 2 * 2], "<u2").max(initial=0)) > 255


def _write_color(path: str, picture: Picture, out: BinaryIO) -> Rendition:
    count = 0
    for frame in decoded(path, picture):
        out.write(to_rgb(frame, picture.dataset).tobytes())
        count += 1
    changes = {
        "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0,
        "BitsAllocated": 8, "BitsStored": 8,
        "HighBit": 7, "PixelRepresentation": 0, "WindowCenter": None, "WindowWidth": None,
        "VOILUTSequence": None,
    }  # fmt: skip
    return _rendition(picture, count, picture.layout.rows * picture.layout.columns * 3, changes)


def _write_grey(path: str, picture: Picture, out: BinaryIO) -> Rendition:
    dataset, count = picture.dataset, 0
    lut = "ModalityLUTSequence" in dataset
    for original in decoded(path, picture):
        frame = apply_modality_lut(original, dataset) if lut else original
        kind = np.uint8 if frame.dtype == np.uint8 else np.dtype("<i2" if frame.dtype.kind == "i" else "<u2")
        out.write(np.ascontiguousarray(frame, dtype=kind).tobytes())
        count += 1
    if not count:
        raise NoPicture("no frame could be decoded")
    bits = np.dtype(kind).itemsize * 8
    stored = bits if lut else max(1, min(bits, int(dataset.get("BitsStored") or bits)))
    changes: dict[str, Any] = {
        "BitsAllocated": bits, "BitsStored": stored, "HighBit": stored - 1,
        "PixelRepresentation": int(np.dtype(kind).kind == "i"),
        "PlanarConfiguration": None, "ModalityLUTSequence": None,
    }  # fmt: skip
    return _rendition(picture, count, picture.layout.rows * picture.layout.columns * bits // 8, changes)


def _write_scaled(path: str, picture: Picture, out: BinaryIO) -> Rendition:
    """Float and 32-bit values, mapped to 16 bit; the rescale attributes are changed so that values stay
    right."""
    low, high = np.inf, -np.inf
    for frame in decoded(path, picture):
        values = frame.astype(np.float64)
        finite = values[np.isfinite(values)]
        low = min(low, float(finite.min(initial=np.inf)))
        high = max(high, float(finite.max(initial=-np.inf)))
    if not low <= high:
        raise NoPicture("the image holds no valid value")
    step, count = (high - low) / 65535 or 1.0, 0
    for frame in decoded(path, picture):
        scaled = (np.nan_to_num(frame.astype(np.float64), nan=low, posinf=high, neginf=low) - low) / step
        out.write(np.rint(scaled).astype("<u2").tobytes())
        count += 1
    slope, intercept = (
        float(picture.dataset.get("RescaleSlope") or 1),
        float(picture.dataset.get("RescaleIntercept") or 0),
    )
    changes = {
        "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15, "PixelRepresentation": 0,
        "PlanarConfiguration": None,
        "RescaleSlope": slope * step, "RescaleIntercept": slope * low + intercept,
    }  # fmt: skip
    return _rendition(picture, count, picture.layout.rows * picture.layout.columns * 2, changes)


def _rendition(picture: Picture, count: int, frame_bytes: int, changes: dict[str, Any]) -> Rendition:
    if count != picture.layout.frames:
        raise NoPicture(f"{picture.layout.frames} frames are promised, {count} could be decoded")
    return Rendition(frame_bytes, count, changes)
