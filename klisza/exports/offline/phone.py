"""Pictures for a phone: each image as JPEG, films as MP4 where ffmpeg is installed.

phone.prepare(wanted, step=...)
phone.pictures(wanted)  -> PHONE/SE0001/IM00001.JPG, PHONE/SE0002/FILM0001.MP4 ...
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from klisza.base.errors import SandboxFailed, Unavailable

from . import cache, page
from .files import Member, of_file
from .plan import Plan, PlannedSeries

log = structlog.get_logger(__name__)
DRAW = "klisza.exports.offline.drawing:make"
FORMAT = 1
FOLDER = "PHONE"


def has_films() -> bool:
    """Whether films can be made at all; else each frame of them is a picture."""
    return shutil.which("ffmpeg") is not None


def is_prepared(wanted: Plan) -> bool:
    return all(cache.kept(_key(one)) for part in wanted for one in part.series)


def prepare(wanted: Plan, *, step: Callable[[int], None] = lambda frames: None) -> None:
    """step: told how many more frames are done, may raise to end the work."""
    for part in wanted:
        for one in part.series:
            if cache.kept(_key(one)) is None:
                cache.keep(_key(one), lambda folder, one=one: _write(folder, one, step))  # type: ignore[misc]
            else:
                step(one.pictures.frames)


def pictures(wanted: Plan) -> list[Member]:
    """Raises Unavailable when something is not prepared (any more)."""
    found: list[Member] = []
    for number, one in enumerate((one for part in wanted for one in part.series), start=1):
        kept = cache.kept(_key(one))
        if kept is None:
            raise Unavailable("pictures for a phone", retry_after=5)
        folder, index = kept
        for place, (name, size, crc32) in enumerate(index["files"], start=1):
            kind = "FILM{:04d}.MP4" if name.endswith(".MP4") else "IM{:05d}.JPG"
            inside = f"{FOLDER}/{page.folder_name(number)}/{kind.format(place)}"
            found.append(of_file(inside, folder / name, size, crc32))
    return found


def _write(folder: Path, one: PlannedSeries, step: Callable[[int], None]) -> dict[str, Any]:
    files: list[tuple[str, int, int]] = []
    for batch in cache.batches(one.pictures):
        with cache.working_folder() as made_in:
            for name in _drawn(batch, one, made_in):
                target = folder / f"{len(files)}{Path(name).suffix}"
                (made_in / name).rename(target)
                files.append((target.name, target.stat().st_size, cache.crc32_of(target)))
        step(sum(max(1, int(image.get("NumberOfFrames") or 1)) for _, image in batch))
    return {"files": files}


def _drawn(batch: cache.Batch, one: PlannedSeries, folder: Path) -> list[str]:
    """Of what kills the sandbox there is no picture; the DICOM files stand beside."""
    try:
        made = cache.in_sandbox(DRAW, batch, folder, frame_time=page.frame_time(one), films=has_films())
    except SandboxFailed:
        log.warning("pictures_for_a_phone_left_out", objects=len(batch))
        return []
    return [str(name) for name in made["files"]]


def _key(one: PlannedSeries) -> str:
    return hashlib.sha256(
        f"phone {FORMAT} {has_films()} {page.frame_time(one)} {one.pictures.key}".encode()
    ).hexdigest()
