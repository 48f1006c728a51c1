"""Entry point of the sandbox: pictures of one series -> chunk files of the offline viewer.

No Django, no database. A picture that fails costs itself: its place stays, with nothing to draw.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from klisza.standards.dicom.frames import Picture, picture, read_header
from klisza.standards.dicom.metadata import flattened
from klisza.standards.dicom.render import aspect
from klisza.standards.dicom.render_preview import LONGEST_ASPECT, first_number
from klisza.standards.dicom.render_rendition import JPEG_BASELINE, decoded, to_rgb

from . import pixels

CHUNK_BYTES = 3_000_000  # the browser holds a few of them; a picture that is larger stands alone
HEAD, FOOT = b"KLISZA_CHUNK(`", b"`);\n"  # base64 has neither ` nor $ nor \
GREY = ("MONOCHROME1", "MONOCHROME2")
NOTHING = "nothing"
LUT_ENTRIES_MOST = 65_536


def make(*, items: list[dict[str, Any]]) -> dict[str, Any]:
    """Write C0.JS, C1.JS ... into the working directory.

    items: `path` of the object, `rendition` (path or ""), `image` (attributes by keyword as the viewer's
    metadata has them, those of the rendition included).
    Returns `looks` (distinct descriptions), `frames` (one list of indices into `looks` for each item) and
    `chunks` (number of frames in each file).
    """
    looks: dict[str, int] = {}
    frames: list[list[int]] = []
    with _Writer() as out:
        for item in items:
            own: list[int] = []
            for look, data in _frames(item):
                own.append(looks.setdefault(json.dumps(look, sort_keys=True), len(looks)))
                out.add(pixels.text(data))
            frames.append(own)
    return {"looks": [json.loads(look) for look in looks], "frames": frames, "chunks": out.counts}


class _Writer:
    """Frames one a line; a new file when the old one is full."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.held: list[bytes] = []
        self.size = 0

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()

    def add(self, line: bytes) -> None:
        if self.held and self.size + len(line) > CHUNK_BYTES:
            self._flush()
        self.held.append(line)
        self.size += len(line)

    def _flush(self) -> None:
        if not self.held:
            return
        Path(f"C{len(self.counts)}.JS").write_bytes(HEAD + b"\n".join(self.held) + FOOT)
        self.counts.append(len(self.held))
        self.held, self.size = [], 0


def _frames(item: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """As many as the metadata promises, whatever becomes of the decoder on the way."""
    promised = max(1, int(item["image"].get("NumberOfFrames") or 1))
    made = 0
    try:
        for look, data in _whole(item):
            if made == promised:
                return
            yield look, data
            made += 1
    except Exception:  # noqa: BLE001 - decoders raise whatever they like; the rest is marked below
        pass
    for _ in range(promised - made):
        yield {"form": NOTHING}, b""


def _whole(item: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bytes]]:
    dataset, position = read_header(item["path"])
    found = picture(item["path"], dataset, position)
    if found is None:
        return
    image = item["image"]
    if _is_browser_jpeg(found, item):
        look = _look(dataset, image, 0) | {"form": "jpeg"}
        for stream in _streams(item["path"], found):
            yield look, stream
        return
    source = (
        _of_rendition(item["rendition"], image) if item["rendition"] else _of_original(item["path"], found)
    )
    for number, frame in enumerate(source):
        look = _look(dataset, image, number, rendition=bool(item["rendition"]))
        if frame.ndim == 3:
            yield look | {"form": "colour"}, pixels.colour(frame.astype(np.uint8))
            continue
        signed = frame.dtype.kind == "i"
        form = {"form": "grey", "bits": frame.dtype.itemsize * 8, "signed": signed}
        yield (
            look | form | _values(dataset, image, number, frame, bool(item["rendition"])),
            pixels.grey(frame),
        )


def _is_browser_jpeg(found: Picture, item: dict[str, Any]) -> bool:
    return not item["rendition"] and found.syntax == JPEG_BASELINE and found.layout.samples == 3


def _streams(path: str, found: Picture) -> Iterator[bytes]:
    with open(path, "rb") as file:
        for pieces in found.pieces:
            yield b"".join(os.pread(file.fileno(), length, offset) for offset, length in pieces)


def _of_rendition(path: str, image: dict[str, Any]) -> Iterator[NDArray[Any]]:
    shape: tuple[int, ...] = (int(image["Rows"]), int(image["Columns"]))
    kind: np.dtype[Any]
    if int(image.get("SamplesPerPixel") or 1) == 3:
        shape, kind = (*shape, 3), np.dtype(np.uint8)
    else:
        kind = np.dtype("u1" if int(image["BitsAllocated"]) == 8 else "<u2")
        kind = np.dtype("<i2") if int(image.get("PixelRepresentation") or 0) else kind
    size = int(np.prod(shape)) * kind.itemsize
    with open(path, "rb") as file:
        while len(data := file.read(size)) == size:
            yield np.frombuffer(data, kind).reshape(shape)


def _of_original(path: str, found: Picture) -> Iterator[NDArray[Any]]:
    grey = found.layout.samples == 1 and str(found.dataset.get("PhotometricInterpretation", "")) in GREY
    for frame in decoded(path, found):
        if not grey:
            yield to_rgb(frame, found.dataset)
        elif frame.dtype.itemsize <= 2:
            yield frame
        else:
            yield frame.astype("<i2" if frame.dtype.kind == "i" else "<u2")


def _look(dataset: Dataset, image: dict[str, Any], number: int, *, rendition: bool = False) -> dict[str, Any]:
    """What every picture needs to be placed: its size, the shape of its pixels, where the patient's sides are."""
    own = flattened(dataset, number)
    plane = _numbers(own.get("ImageOrientationPatient") or image.get("ImageOrientationPatient"), 6)
    names = image.get("PatientOrientation")
    return {
        "rows": int(image["Rows"]),
        "columns": int(image["Columns"]),
        "aspect": round(_aspect(dataset), 4),
        "plane": plane,
        "sides": [str(name)[:4] for name in names] if isinstance(names, list) and len(names) == 2 else None,
    }


def _values(
    dataset: Dataset, image: dict[str, Any], number: int, frame: NDArray[Any], rendition: bool
) -> dict[str, Any]:
    """Stored value -> modality value -> grey (PS3.3 C.11.1, C.11.2)."""
    own = {**image, **({} if rendition and "RescaleSlope" in image else flattened(dataset, number))}
    slope, intercept = first_number(own.get("RescaleSlope")), first_number(own.get("RescaleIntercept"))
    slope, intercept = 1.0 if slope is None else slope, intercept or 0.0
    center, width = first_number(own.get("WindowCenter")), first_number(own.get("WindowWidth"))
    if center is None or width is None or width < 1:
        center, width = _chosen(frame.astype(np.float64) * slope + intercept)
    return {
        "slope": slope,
        "intercept": intercept,
        "center": center,
        "width": width,
        "curve": str(own.get("VOILUTFunction") or "LINEAR"),
        "inverse": image.get("PhotometricInterpretation") == "MONOCHROME1",
        "table": _table(dataset) if "VOILUTSequence" in image else None,
    }


def _table(dataset: Dataset) -> dict[str, Any] | None:
    """A VOI LUT as its first value and 8-bit greys; None when it makes no sense."""
    sequence = dataset.get("VOILUTSequence")
    if not sequence:
        return None
    try:
        entries, first, bits = (int(part) for part in sequence[0].LUTDescriptor)
        data = sequence[0].LUTData
        entries = entries or LUT_ENTRIES_MOST
        values = (
            np.frombuffer(data, "<u2" if len(data) >= 2 * entries else "u1")
            if isinstance(data, bytes)
            else data
        )
        values = np.asarray(values, dtype=np.float64)[:entries]
        if len(values) != entries or not 8 <= bits <= 16:
            return None
    except (AttributeError, TypeError, ValueError):
        return None
    greys = np.clip(values / (2**bits - 1), 0.0, 1.0) * 255
    return {"first": first, "greys": base64.b64encode(greys.astype(np.uint8).tobytes()).decode()}


def _chosen(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = (float(number) for number in np.percentile(values, (0.5, 99.5)))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    return round((low + high) / 2, 3), round(max(high - low, 1.0), 3)


def _aspect(dataset: Dataset) -> float:
    """1 for a spacing that would stretch the picture beyond belief."""
    found = aspect(dataset)
    return found if 1 / LONGEST_ASPECT <= found <= LONGEST_ASPECT else 1.0


def _numbers(value: Any, count: int) -> list[float] | None:
    try:
        numbers = [round(float(part), 4) for part in value]
    except (TypeError, ValueError):
        return None
    return numbers if len(numbers) == count and bool(np.all(np.isfinite(numbers))) else None
