"""One frame as an 8-bit picture for people: LUTs and window as the object says, averaged down, never
subsampled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

LONGEST_ASPECT = 4.0  # pixels stretched more than this are a broken spacing, not a picture
FLAT_SHARE = 0.995  # a window that makes this share of the pixels one grey shows nothing


def shrink(frame: NDArray[Any], longest: int) -> NDArray[Any]:
    """Average whole blocks so that the long side stays at least `longest`; values keep their meaning.

    frame: (rows, columns[, samples]). Returns float32 when anything was averaged, else the frame itself.
    """
    factor = max(frame.shape[:2]) // longest
    if factor < 2:
        return frame
    rows, columns = (max(1, side // factor) * min(factor, side) for side in frame.shape[:2])
    tall, wide = min(factor, frame.shape[0]), min(factor, frame.shape[1])
    blocks = frame[:rows, :columns].reshape(rows // tall, tall, columns // wide, wide, *frame.shape[2:])
    return blocks.mean(axis=(1, 3), dtype=np.float32)


def grey(frame: NDArray[Any], dataset: Dataset) -> tuple[NDArray[np.uint8], tuple[float, float] | None]:
    """Modality LUT, VOI LUT or window, MONOCHROME1 turned over.

    dataset: the LUT attributes of this very frame. Returns the picture and, when the object brought no
    usable window,
    the (center, width) in modality values that was chosen from the pixels instead.
    """
    padding = _padding(frame, dataset)
    whole = np.rint(frame).astype(np.int32) if frame.dtype == np.float32 and _integers(dataset) else frame
    values = np.asarray(apply_modality_lut(whole, dataset), dtype=np.float64)
    shown = _own_window(whole, values, dataset)
    chosen = None
    if shown is None:
        chosen = _window_of(values[~padding] if padding.any() and not padding.all() else values)
        low, width = chosen[0] - chosen[1] / 2, chosen[1]
        shown = np.clip((values - low) / width, 0.0, 1.0) * 255.0
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        shown = 255.0 - shown
    shown[padding] = 0  # what the detector never saw is background, whichever way the greys run
    return shown.astype(np.uint8), chosen


def _integers(dataset: Dataset) -> bool:
    return "ModalityLUTSequence" in dataset or "VOILUTSequence" in dataset


def _padding(frame: NDArray[Any], dataset: Dataset) -> NDArray[np.bool_]:
    value, limit = dataset.get("PixelPaddingValue"), dataset.get("PixelPaddingRangeLimit")
    if not isinstance(value, int):
        return np.zeros(frame.shape, dtype=bool)
    other = limit if isinstance(limit, int) else value
    return (frame >= min(value, other)) & (frame <= max(value, other))


def _own_window(
    raw: NDArray[Any], values: NDArray[np.float64], dataset: Dataset
) -> NDArray[np.float64] | None:
    """The object's own VOI transformation scaled to 0..255, or None when it has none that shows anything."""
    if "VOILUTSequence" in dataset:
        # A LUT indexes integers; its output range is what its descriptor's third value says.
        lut = dataset.VOILUTSequence[0]
        mapped = apply_voi_lut(np.rint(values).astype(np.int32), dataset, index=0, prefer_lut=True)
        top = float(2 ** int(lut.LUTDescriptor[2]) - 1)
        return _unless_flat(np.clip(mapped.astype(np.float64) / top, 0.0, 1.0) * 255.0)
    center, width = first_number(dataset.get("WindowCenter")), first_number(dataset.get("WindowWidth"))
    if center is None or width is None or width < 1:
        return None
    return _unless_flat(windowed(values, center, width, str(dataset.get("VOILUTFunction") or "LINEAR")))


def windowed(values: NDArray[np.float64], center: float, width: float, function: str) -> NDArray[np.float64]:
    """Grey 0..255 (PS3.3 C.11.2.1.2 LINEAR, C.11.2.1.3.1 SIGMOID, C.11.2.1.3.2 LINEAR_EXACT)."""
    if function == "SIGMOID":
        return 255.0 / (1.0 + np.exp(np.clip(-4.0 * (values - center) / width, -700, 700)))
    if function == "LINEAR_EXACT" or width <= 1:
        return np.clip((values - center) / width + 0.5, 0.0, 1.0) * 255.0
    return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0.0, 1.0) * 255.0


def _unless_flat(shown: NDArray[np.float64]) -> NDArray[np.float64] | None:
    counts = np.bincount(shown.astype(np.uint8).ravel(), minlength=256)
    return None if counts.max() > FLAT_SHARE * shown.size and shown.size > 1 else shown


def _window_of(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = (float(number) for number in np.percentile(values, (0.5, 99.5)))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    return (low + high) / 2, max(high - low, 1.0)


def first_number(value: Any) -> float | None:
    """First value of a DS that may be absent, empty, several or nonsense."""
    if value is not None and not isinstance(value, str | bytes) and hasattr(value, "__len__"):
        value = value[0] if len(value) else None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


def jpeg(picture: NDArray[np.uint8], path: str, *, longest: int, aspect: float) -> None:
    """Write a JPEG with the given long side; smaller pictures are not enlarged. aspect: height of a pixel /
    its width."""
    image = Image.fromarray(picture)
    wide, tall = image.width, image.height
    if 1 / LONGEST_ASPECT <= aspect <= LONGEST_ASPECT and abs(aspect - 1) > 0.01:
        wide, tall = (wide, round(tall * aspect)) if aspect > 1 else (round(wide / aspect), tall)
    scale = min(1.0, longest / max(wide, tall))
    size = (max(1, round(wide * scale)), max(1, round(tall * scale)))
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    image.save(path, "JPEG", quality=85, optimize=True)


def aspect_of(dataset: Dataset) -> float:
    """Height of a pixel divided by its width; 1 when unknown."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio"):
        value = dataset.get(keyword)
        if (
            value is not None
            and not isinstance(value, str | bytes)
            and hasattr(value, "__len__")
            and len(value) == 2
        ):
            tall, wide = first_number(value[0]), first_number(value[1])
            if tall and wide and tall > 0 and wide > 0:
                return tall / wide
    return 1.0
