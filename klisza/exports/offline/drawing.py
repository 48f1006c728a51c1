"""Entry point of the sandbox: pictures and films that every phone shows. No Django, no database."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from klisza.standards.dicom.frames import Picture, picture, read_header
from klisza.standards.dicom.render import aspect, drawn
from klisza.standards.dicom.render_preview import LONGEST_ASPECT, jpeg
from klisza.standards.dicom.render_rendition import decoded

SIDE_MOST = 2048
FILM_SIDE_MOST = 1280
FRAMES_PER_SECOND = (1.0, 60.0)


def make(*, items: list[dict[str, Any]], frame_time: float, films: bool) -> dict[str, list[str]]:
    """Write 0.JPG, 1.JPG, ... and 0.MP4 ... into the working directory; returns their names in order.

    items: `path`. frame_time: milliseconds a frame of a film stays, 0 = these are no films. films: whether
    ffmpeg is there. What cannot be drawn is left out.
    """
    made: list[str] = []
    for item in items:
        with contextlib.suppress(Exception):
            made += _of(item["path"], frame_time, films, len(made))
    return {"files": made}


def _of(path: str, frame_time: float, films: bool, number: int) -> list[str]:
    dataset, position = read_header(path)
    found = picture(path, dataset, position)
    if found is None:
        return []
    if found.layout.frames > 1 and frame_time and films:
        return [_film(path, found, frame_time, f"{number}.MP4")]
    names = []
    for place, shown in enumerate(_shown(path, found, SIDE_MOST)):
        name = f"{number + place}.JPG"
        jpeg(shown, name, longest=SIDE_MOST, aspect=aspect(dataset))
        names.append(name)
    return names


def _shown(path: str, found: Picture, longest: int) -> Iterator[NDArray[np.uint8]]:
    for number, pixels in enumerate(decoded(path, found)):
        yield drawn(pixels, found.dataset, number, longest=longest)[0]


def _film(path: str, found: Picture, frame_time: float, name: str) -> str:
    """H.264 with even sides, the same bytes for the same frames."""
    wide, high = _film_size(found)
    slowest, fastest = FRAMES_PER_SECOND
    rate = min(fastest, max(slowest, 1000 / frame_time))
    command = [
        "ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{wide}x{high}",
        "-r", f"{rate:.3f}", "-i", "pipe:0", "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "18",
        "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-fflags", "+bitexact", "-flags:v", "+bitexact",
        "-threads", "1", "-y", name,
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as coder:
        assert coder.stdin is not None  # noqa: S101 - a pipe was asked for
        for shown in _shown(path, found, FILM_SIDE_MOST):
            frame = Image.fromarray(shown).convert("RGB").resize((wide, high), Image.Resampling.BILINEAR)
            coder.stdin.write(frame.tobytes())
        coder.stdin.close()
    if coder.returncode:
        Path(name).unlink(missing_ok=True)
        raise ValueError("the film could not be made")
    return name


def _film_size(found: Picture) -> tuple[int, int]:
    tall = aspect(found.dataset)
    wide, high = (
        float(found.layout.columns),
        found.layout.rows * (tall if 1 / LONGEST_ASPECT <= tall <= LONGEST_ASPECT else 1.0),
    )
    scale = min(1.0, FILM_SIDE_MOST / max(wide, high))
    return max(2, round(wide * scale / 2) * 2), max(2, round(high * scale / 2) * 2)
