"""Entry points of the sandbox for pixels: no Django, no database, no network; input paths in, files and
JSON out.

Everything read here comes from strangers. One bad instance costs itself; what kills the process (a
decoder's crash, the
memory or time limit) is told apart by the caller, who bisects (archive/services/derive.py).
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000MC, JPEG2000MCLossless

from .frames import NoPicture, Picture, as_json, picture, read_header
from .metadata import flattened, for_browser, for_machines, usable_window
from .metadata_order import display_order
from .render_preview import aspect_of, first_number, grey, jpeg, shrink
from .render_rendition import (
    EXPLICIT,
    GREY,
    NO_PICTURE_CLASSES,
    check_codestream,
    decoded,
    passes,
    to_rgb,
    write,
)

PREVIEW_SIDE = 768
THUMBNAIL_SIDE = 256
PREVIEW_TRIES = 5
UNREADABLE = "the file cannot be read"
UNDECODABLE = "the picture cannot be decoded here, it can be downloaded"
UNSUPPORTED = (JPEG2000MC, JPEG2000MCLossless)


def series(
    *, instances: list[dict[str, Any]], opaque: dict[str, str], uid_key: str, preview: bool = True
) -> dict[str, Any]:
    """Look at every instance of one series; write metadata.json.gz, full.json.gz, preview.jpg,
    thumbnail.jpg and one
    rendition-<id>.raw per instance that browsers cannot decode into the working directory.

    instances: `id`, `path`, `opaque_uid`. opaque: StudyInstanceUID and SeriesInstanceUID for the browser.
    Returns `instances` (id -> frames, pieces, rendition, syntax, unshowable), `preview` (whether there is
    one) and
    `frame_time_ms` of its multi-frame objects.
    """
    seen = [_Seen(entry, {**opaque, "SOPInstanceUID": entry["opaque_uid"]}, uid_key) for entry in instances]
    ordered = [seen[index] for index in display_order([item.key for item in seen])]
    previewed = _previews([item for item in ordered if item.showable]) if preview else False
    _write_json("metadata.json.gz", [item.browser() for item in ordered if item.showable])
    _write_json("full.json.gz", [item.full for item in ordered if item.full])
    times = [_frame_time(item.dataset) for item in ordered if item.picture and item.picture.layout.frames > 1]
    return {
        "instances": {item.id: item.answer() for item in seen},
        "preview": previewed,
        "frame_time_ms": next((moment for moment in times if moment), None),
    }


def frame(*, path: str, number: int, longest: int) -> bool:
    """Draw one frame (from 0) of one file as frame.jpg; raises NoPicture."""
    dataset, position = read_header(path)
    found = picture(path, dataset, position)
    if found is None or not 0 <= number < found.layout.frames:
        raise NoPicture("there is no such frame")
    shown, _ = _draw(path, found, number)
    jpeg(shown, "frame.jpg", longest=longest, aspect=aspect(dataset))
    return True


class _Seen:
    """One instance after a look at it."""

    def __init__(self, entry: dict[str, Any], opaque: dict[str, str], uid_key: str) -> None:
        self.id, self.path = str(entry["id"]), str(entry["path"])
        self.opaque, self.uid_key = opaque, uid_key
        self.picture: Picture | None = None
        self.changes: dict[str, Any] = {}
        self.rendition: dict[str, Any] | None = None
        self.unshowable = ""
        self.full: dict[str, Any] = {}
        self.key: dict[str, Any] = {}
        self.dataset = Dataset()
        try:
            self._look()
        except NoPicture as refused:
            self.unshowable = str(refused)
        except BaseException:  # noqa: BLE001 - a decoder's panic is no Exception; MemoryError costs this instance only
            self.unshowable = UNDECODABLE if self.full else UNREADABLE

    @property
    def showable(self) -> bool:
        return self.picture is not None and not self.unshowable

    def _look(self) -> None:
        self.dataset, position = read_header(self.path)
        self.full = for_machines(self.dataset)
        self.key = _sort_key(self.dataset)
        self.picture = picture(self.path, self.dataset, position)
        if self.picture is None:
            return
        self.changes = usable_window(self.dataset)
        reason = NO_PICTURE_CLASSES.get(str(self.dataset.get("SOPClassUID", "")))
        if reason:
            raise NoPicture(reason)
        with open(self.path, "rb") as file:
            check_codestream(file, self.picture)
        if self.picture.syntax in UNSUPPORTED:
            raise NoPicture(UNDECODABLE)
        if not passes(self.picture):
            self._render()

    def _render(self) -> None:
        assert self.picture is not None  # noqa: S101 - for the type checker
        target = Path(f"rendition-{self.id}.raw")
        try:
            with target.open("wb") as out:
                made = write(self.path, self.picture, out)
        except NoPicture:
            target.unlink(missing_ok=True)
            raise
        except BaseException:  # noqa: BLE001 - see __init__
            target.unlink(missing_ok=True)
            raise NoPicture(UNDECODABLE) from None
        self.rendition = {"first": 0, "length": made.frame_bytes, "count": made.count}
        self.changes |= made.changes

    def browser(self) -> dict[str, Any]:
        return for_browser(self.dataset, opaque=self.opaque, uid_key=self.uid_key, changes=self.changes)

    def answer(self) -> dict[str, Any]:
        pieces = as_json(self.picture.pieces) if self.picture else None
        syntax = EXPLICIT if self.rendition else self.picture.syntax if self.picture else ""
        return {
            "frames": self.picture.layout.frames if self.picture else 0,
            "pieces": pieces,
            "rendition": self.rendition if self.showable else None,
            "syntax": syntax if self.showable else "",
            "unshowable": self.unshowable,
            "read": bool(self.full),
        }


def _sort_key(dataset: Dataset) -> dict[str, Any]:
    extra = flattened(dataset)
    number = first_number(dataset.get("InstanceNumber"))
    moment = "".join(
        str(dataset.get(keyword) or "") for keyword in ("AcquisitionDate", "AcquisitionTime", "ContentTime")
    )
    return {
        "position": _numbers(dataset.get("ImagePositionPatient") or extra.get("ImagePositionPatient"), 3),
        "orientation": _numbers(
            dataset.get("ImageOrientationPatient") or extra.get("ImageOrientationPatient"), 6
        ),
        "number": None if number is None else int(number),
        "time": moment,
        "uid": str(dataset.get("SOPInstanceUID", "")),
    }


def _frame_time(dataset: Dataset) -> float | None:
    """Milliseconds between two frames (PS3.3 C.7.6.5); None when the object does not say."""
    own = first_number(dataset.get("FrameTime"))
    vector = dataset.get("FrameTimeVector")
    if not own and vector is not None and not isinstance(vector, str | float | int) and len(vector) > 1:
        own = first_number(sum(float(part) for part in vector) / (len(vector) - 1))
    for keyword in ("RecommendedDisplayFrameRate", "CineRate"):
        rate = first_number(dataset.get(keyword))
        own = own or (1000 / rate if rate else None)
    return own if own and 1 <= own <= 10_000 else None


def _numbers(value: Any, count: int) -> list[float] | None:
    try:
        numbers = [float(part) for part in value]
    except (TypeError, ValueError):
        return None
    return numbers if len(numbers) == count and all(np.isfinite(numbers)) else None


def _previews(showable: list[_Seen]) -> bool:
    """The middle image; when it cannot be decoded it is marked and its neighbour is tried."""
    by_distance = sorted(range(len(showable)), key=lambda index: abs(index - len(showable) // 2))
    for index in by_distance[:PREVIEW_TRIES]:
        item = showable[index]
        assert item.picture is not None  # noqa: S101 - showable
        try:
            shown, window = _draw(item.path, item.picture, item.picture.layout.frames // 2)
            jpeg(shown, "preview.jpg", longest=PREVIEW_SIDE, aspect=aspect(item.dataset))
            jpeg(shown, "thumbnail.jpg", longest=THUMBNAIL_SIDE, aspect=aspect(item.dataset))
        except BaseException:  # noqa: BLE001 - see _Seen
            item.unshowable = UNDECODABLE
            continue
        if window is not None:
            _suggest(showable, window)
        return True
    return False


def _suggest(showable: list[_Seen], window: tuple[float, float]) -> None:
    """Images without a window of their own begin with the preview's, so that they look like it."""
    for item in showable:
        own = {
            **flattened(item.dataset),
            **{k: item.dataset.get(k) for k in ("WindowWidth",)},
            **item.changes,
        }
        if item.picture and item.picture.layout.samples == 1 and not own.get("WindowWidth"):
            item.changes |= {"WindowCenter": round(window[0], 3), "WindowWidth": round(window[1], 3)}


def _draw(path: str, found: Picture, number: int) -> tuple[np.ndarray[Any, Any], tuple[float, float] | None]:
    return drawn(next(decoded(path, found, [number])), found.dataset, number, longest=PREVIEW_SIDE)


def drawn(
    pixels: np.ndarray[Any, Any], dataset: Dataset, number: int, *, longest: int
) -> tuple[np.ndarray[Any, Any], tuple[float, float] | None]:
    """One decoded frame as 8-bit grey or RGB, whole blocks averaged while its long side stays at least `longest`.

    Returns the picture and, for a grey one without a usable window, the one that was chosen.
    """
    if pixels.ndim == 3 or str(dataset.get("PhotometricInterpretation", "")) not in GREY:
        return np.rint(shrink(to_rgb(pixels, dataset), longest)).astype(np.uint8), None
    return grey(shrink(pixels, longest), _of_frame(dataset, number))


def _of_frame(dataset: Dataset, number: int) -> Dataset:
    """The LUT attributes that hold for one frame."""
    own = Dataset()
    for keyword in (
        "PhotometricInterpretation", "ModalityLUTSequence", "RescaleSlope", "RescaleIntercept",
        "VOILUTSequence", "WindowCenter",
        "WindowWidth", "VOILUTFunction", "PixelPaddingValue", "PixelPaddingRangeLimit", "BitsStored",
        "PixelRepresentation",
    ):  # fmt: skip
        if dataset.get(keyword) not in (None, ""):
            setattr(own, keyword, dataset.get(keyword))
    for keyword, value in flattened(dataset, number).items():
        setattr(own, keyword, value)
    return own


def aspect(dataset: Dataset) -> float:
    """Height of a pixel divided by its width, also of enhanced objects; 1 when unknown."""
    spacing = flattened(dataset).get("PixelSpacing")
    if not spacing:
        return aspect_of(dataset)
    own = Dataset()
    own.PixelSpacing = spacing
    return aspect_of(own)


def _write_json(name: str, items: list[dict[str, Any]]) -> None:
    with open(name, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, mtime=0) as out:
        out.write(
            json.dumps(items, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode(
                "utf-8", "replace"
            )
        )
