"""What the export calls: prepare the viewer of some examinations, then list its files.

    wanted = members.plan(parts)            # cheap: the database only
    members.prepare(wanted, step=...)       # decodes what is not kept yet; outside any transaction
    for member in members.viewer(wanted, language="pl", ...):
        member.name, member.size, member.crc32, member.stream()

`viewer` reads nothing but what `prepare` made and is the same, byte for byte, each time while the parts are.
"""

from __future__ import annotations

from collections.abc import Callable

from klisza.base.errors import Unavailable
from klisza.blobs import services as blobs
from klisza.documents.models import DocumentPage

from . import cache, page
from .cache import Prepared
from .files import Member, of_bytes, of_file, of_pieces
from .page import Ready
from .plan import Part, Plan, PlannedSeries, frames, plan

__all__ = ["Member", "Part", "Plan", "frames", "is_prepared", "plan", "prepare", "single", "viewer"]

FOLDER = "VIEWER"
SINGLE_MOST = 25_000_000  # bytes of one page with everything in it: phones open it at once


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
    for number, made in enumerate((made for part in ready for _, made in part.series), start=1):
        for place, chunk in enumerate(made.chunks):
            name = f"{FOLDER}/{page.folder_name(number)}/{page.chunk_name(place)}"
            chunks.append(of_file(name, chunk.path, chunk.size, chunk.crc32))
    sheets = _report_pages(wanted)
    checksums = blobs.checksums(sheet.image_id for sheet in sheets)
    pictures = [
        of_file(
            f"{FOLDER}/{page.report_name(number)}",
            blobs.open_path(sheet.image_id),
            sheet.image.size,
            checksums[sheet.image_id],
        )
        for number, sheet in enumerate(sheets, start=1)
    ]
    described = page.describe(ready, language=language, inline=False)
    return [
        of_bytes("INDEX.HTM", page.index(described, links=links)),
        of_bytes(f"{FOLDER}/VIEWER.JS", page.script()),
        of_bytes(f"{FOLDER}/VIEWER.CSS", page.style()),
        of_bytes(f"{FOLDER}/DATA.JS", page.data(described)),
        *pictures,
        *chunks,
    ]


def single(wanted: Plan, *, language: str) -> Member | None:
    """Everything in one page, PHONE.HTM, for phones, which open no files beside a page; None when it is too large."""
    ready, sheets = _ready(wanted), _report_pages(wanted)
    made = [one for part in ready for _, one in part.series]
    rough = sum(chunk.size for one in made for chunk in one.chunks)
    rough += sum(sheet.image.size for sheet in sheets) * 4 // 3
    if rough > SINGLE_MOST or not made:
        return None
    described = page.describe(ready, language=language, inline=True)
    pictures = [blobs.read(sheet.image_id) for sheet in sheets]
    return of_pieces("PHONE.HTM", page.single(described, made, pictures))


def _ready(wanted: Plan) -> list[Ready]:
    """A series of which nothing could be read is left out."""
    return [Ready(part, [found for one in part.series if (found := _made(one))[1].images]) for part in wanted]


def _made(one: PlannedSeries) -> tuple[PlannedSeries, Prepared]:
    made = cache.prepared(one.pictures)
    if made is None:
        raise Unavailable("offline viewer", retry_after=5)
    return one, made


def _report_pages(wanted: Plan) -> list[DocumentPage]:
    """In the order in which page.describe numbers them."""
    return [sheet for part in wanted for sheet in page.report_pictures(part.reports)]
