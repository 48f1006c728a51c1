"""What the export calls: prepare the viewer of some examinations, then list its files.

    wanted = members.plan(parts)            # cheap: the database only
    members.prepare(wanted, step=...)       # decodes what is not kept yet; outside any transaction
    for member in members.viewer(wanted, language="pl", ...):
        member.name, member.size, member.crc32, member.stream()

`viewer` reads nothing but what `prepare` made and is the same, byte for byte, each time while the parts are.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from klisza.base.errors import Unavailable
from klisza.blobs import services as blobs

from . import cache, page
from .cache import Chunk, Pictures, Prepared
from .plan import Part, Plan, PlannedSeries, frames, plan

__all__ = ["Member", "Part", "Plan", "frames", "is_prepared", "plan", "prepare", "single", "viewer"]

PIECE = 1024 * 1024
FOLDER = "VIEWER"
SINGLE_MOST = 25_000_000  # bytes of one page with everything in it: phones open it at once


@dataclass(frozen=True)
class Member:
    """One file. name: below the ZIP's root, 8.3 upper-case. instance_ids: the objects it was made from."""

    name: str
    size: int
    crc32: int
    data: bytes = b""
    path: Path | None = None
    instance_ids: frozenset[uuid.UUID] = field(default_factory=frozenset)

    def stream(self, offset: int = 0) -> Iterator[bytes]:
        if self.path is None:
            yield self.data[offset:]
            return
        with self.path.open("rb") as file:
            file.seek(offset)
            while piece := file.read(PIECE):
                yield piece


def is_prepared(wanted: Plan) -> bool:
    return all(cache.prepared(one.pictures) for part in wanted for one in part.series)


def prepare(wanted: Plan, *, step: Callable[[int], None] = lambda frames: None) -> None:
    """step: told how many more frames are ready, may raise to end the work."""
    for part in wanted:
        for one in part.series:
            cache.prepare(one.pictures, step=step)


def viewer(wanted: Plan, *, language: str, links: tuple[page.Link, ...] = ()) -> list[Member]:
    """INDEX.HTM and the folder VIEWER. links: other things in the same ZIP that INDEX.HTM leads to.

    Raises Unavailable when something is not prepared (any more).
    """
    ready, chunks = _ready(wanted), []
    for number, (one, made) in enumerate(ready, start=1):
        for place, chunk in enumerate(made.chunks):
            name = f"{FOLDER}/{page.folder_name(number)}/{page.chunk_name(place)}"
            chunks.append(_of_chunk(name, chunk, one.pictures))
    pictures = [
        _of_bytes(f"{FOLDER}/{page.report_name(number)}", data)
        for number, data in enumerate(_report_pages(wanted), start=1)
    ]
    described = page.describe(wanted, [made for _, made in ready], language=language, inline=False)
    return [
        _of_bytes("INDEX.HTM", page.index(described, links=links)),
        _of_bytes(f"{FOLDER}/VIEWER.JS", page.script()),
        _of_bytes(f"{FOLDER}/VIEWER.CSS", page.style()),
        _of_bytes(f"{FOLDER}/DATA.JS", page.data(described)),
        *pictures,
        *chunks,
    ]


def single(wanted: Plan, *, language: str) -> Member | None:
    """Everything in one page, PHONE.HTM, for phones, which open no files beside a page; None when it is too large."""
    ready = _ready(wanted)
    pages = list(_report_pages(wanted))
    rough = (
        sum(chunk.size for _, made in ready for chunk in made.chunks)
        + sum(len(one) for one in pages) * 4 // 3
    )
    if rough > SINGLE_MOST or not ready:
        return None
    described = page.describe(wanted, [made for _, made in ready], language=language, inline=True)
    lines = [[chunk.path.read_bytes() for chunk in made.chunks] for _, made in ready]
    return _of_bytes("PHONE.HTM", page.single(described, lines, pages))


def _ready(wanted: Plan) -> list[tuple[PlannedSeries, Prepared]]:
    found = []
    for part in wanted:
        for one in part.series:
            made = cache.prepared(one.pictures)
            if made is None:
                raise Unavailable("offline viewer", retry_after=5)
            found.append((one, made))
    return found


def _report_pages(wanted: Plan) -> Iterator[bytes]:
    for part in wanted:
        for picture in page.report_pictures(part.reports):
            yield blobs.read(picture.image_id)


def _of_chunk(name: str, chunk: Chunk, pictures: Pictures) -> Member:
    return Member(name, chunk.size, chunk.crc32, path=chunk.path, instance_ids=pictures.instance_ids)


def _of_bytes(name: str, data: bytes, **more: Any) -> Member:
    return Member(name, len(data), zlib.crc32(data), data, **more)
