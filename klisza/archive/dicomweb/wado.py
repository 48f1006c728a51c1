"""WADO-RS (PS3.18 10.4): metadata, objects as they were received, frames, rendered pictures."""

from __future__ import annotations

import gzip
import json
import threading
import uuid
from collections.abc import Iterator

from klisza.archive.models import HANDED_IN, Study
from klisza.archive.queries import is_shown
from klisza.archive.services.derive import working_folder
from klisza.base import sandbox
from klisza.base.database import drop_stale_connections
from klisza.base.errors import NotFound, SandboxFailed, Unavailable
from klisza.blobs import services as blobs

from .accept import frame_form, instance_form, takes
from .answers import Answer, Environ, Part, Problem, Stream, bytes_of, multipart, of_bytes, of_json, ranged
from .index import Entry, Image, Row, index, kept_metadata

UIDS_MOST = 10_000
FRAMES_MOST = 2000  # in one request
RENDERED_SIDE, THUMBNAIL_SIDE = 2048, 256
RENDER = "klisza.standards.dicom.render:frame"

_uids: dict[str, uuid.UUID] = {}
_rendering = threading.BoundedSemaphore(2)


def find(uid: str, *, newest: bool) -> Entry:
    """The study with this StudyInstanceUID; raises NotFound, also when all of it is hidden.

    newest: a whole study is never answered without the object that was acknowledged a moment ago; frames, asked
    for by the hundred, may be a second and a half behind.
    """
    study_id = _uids.get(uid)
    if study_id is None:
        told = Study.objects.exclude(hidden_reason=HANDED_IN)
        study_id = told.filter(study_instance_uid=uid).values_list("id", flat=True).first()
        if study_id is None:
            raise NotFound
        if len(_uids) >= UIDS_MOST:
            _uids.clear()
        _uids[uid] = study_id
    entry = index.study(study_id, newest=newest)
    if not entry.series:
        raise NotFound
    return entry


def retrieve(entry: Entry, parts: list[str], environ: Environ, query: dict[str, str]) -> Answer:
    """parts: the path after the study's UID: [series X [instances I [frames N]]] and at most one word for
    the form."""
    accept = query.get("accept") or environ.get("HTTP_ACCEPT", "")
    rows, images, frames_of, form = _resolve(entry, parts)
    if frames_of and not form:
        return _frames(images[0], frames_of, accept, environ)
    match form:
        case "metadata":
            return _metadata(rows, images if len(parts) >= 4 else None, accept)
        case "rendered" | "thumbnail":
            numbers = _numbers(frames_of) if frames_of else [0]
            return _rendered(images, numbers[0], accept, thumbnail=form == "thumbnail")
        case "":
            return _objects(images, accept, one=len(parts) >= 4)
    raise NotFound


def _resolve(entry: Entry, parts: list[str]) -> tuple[list[Row], list[Image], str, str]:
    """(series, images, frame list, form) that a path names."""
    rows, images, frames_of = list(entry.series.values()), [], ""
    rest = list(parts)
    if rest[:1] == ["series"] and len(rest) >= 2:
        rows, rest = [entry.row_by_uid(rest[1])], rest[2:]
        if rest[:1] == ["instances"] and len(rest) >= 2:
            image = rows[0].by_uid.get(rest[1])
            if image is None:
                raise NotFound
            images, rest = [image], rest[2:]
            if rest[:1] == ["frames"] and len(rest) >= 2:
                frames_of, rest = rest[1], rest[2:]
    images = images or [image for row in rows for image in row.images.values()]
    if len(rest) > 1:
        raise NotFound
    return rows, images, frames_of, rest[0] if rest else ""


def _metadata(rows: list[Row], images: list[Image] | None, accept: str) -> Answer:
    if not takes(accept, "application/dicom+json", "application/json"):
        raise Problem(406)
    items = []
    for row in rows:
        if row.full_metadata is None:
            raise Unavailable("metadata", retry_after=2)
        items += kept_metadata(json.loads(gzip.decompress(blobs.read(row.full_metadata))), row, opaque=False)
    if images is not None:
        items = [item for item in items if item["00080018"]["Value"][0] == images[0].uid]
        if not items:
            raise NotFound
    return of_json(items)


def _objects(images: list[Image], accept: str, *, one: bool) -> Answer:
    """Part 10 files; the data set in them is byte for byte what was received."""
    syntaxes = {image.syntax for image in images}
    form = instance_form(accept, syntaxes, one=one)
    if form is None:
        raise Problem(406)
    if not form:
        image = images[0]
        return Answer(
            Stream(blobs.stream(image.blob)), image.size, f"application/dicom; transfer-syntax={image.syntax}"
        )
    return multipart([_part(image) for image in images], "application/dicom")


def _part(image: Image) -> Part:
    def read() -> Iterator[bytes]:
        drop_stale_connections()
        if not is_shown(image.id, image.blob):
            raise NotFound  # a transfer that breaks off tells the machine more than images it must not have
        yield from blobs.stream(image.blob)

    return Part(f"application/dicom; transfer-syntax={image.syntax}", image.size, read)


def _frames(image: Image, listed: str, accept: str, environ: Environ) -> Answer:
    places = [image.for_machines(number) for number in _numbers(listed)]
    if not all(pieces for _, _, pieces in places):
        raise NotFound
    syntax = places[0][0]
    form = frame_form(accept, syntax, multipart_by_default=True)
    if form is None or (not form[0] and len(places) > 1):
        raise Problem(406)
    media_type = f"{form[1]}; transfer-syntax={syntax}"
    if not form[0]:
        return ranged(bytes_of(places[0][1], places[0][2]), media_type, environ.get("HTTP_RANGE", ""))
    parts = [_frame_part(media_type, blob, pieces) for _, blob, pieces in places]
    return multipart(parts, form[1])


def _frame_part(media_type: str, blob: str, pieces: list[tuple[int, int]]) -> Part:
    return Part(media_type, sum(length for _, length in pieces), lambda: iter([bytes_of(blob, pieces)]))


def _numbers(listed: str) -> list[int]:
    """'1,2,5' -> [0, 1, 4]."""
    numbers = listed.split(",")
    if len(numbers) > FRAMES_MOST or not all(
        part.isascii() and part.isdigit() and len(part) < 8 for part in numbers
    ):
        raise Problem(400, "The frame list must be numbers with commas")
    if not all(map(int, numbers)):
        raise NotFound
    return [int(part) - 1 for part in numbers]


def _rendered(images: list[Image], number: int, accept: str, *, thumbnail: bool) -> Answer:
    """One picture, of the middle image where the path names several. Decoded in the sandbox, two at a
    time."""
    if not takes(accept, "image/jpeg"):
        raise Problem(406)
    shown = [image for image in images if image.showable]
    if not shown:
        raise NotFound
    image = shown[len(shown) // 2]
    if not _rendering.acquire(timeout=5):
        raise Unavailable("rendering", retry_after=2)
    try:
        with working_folder() as folder:
            longest = THUMBNAIL_SIDE if thumbnail else RENDERED_SIDE
            arguments = {"path": str(blobs.open_path(image.blob)), "number": number, "longest": longest}
            sandbox.call(RENDER, arguments, folder=folder, cpu_seconds=10, wall_seconds=15)
            return of_bytes((folder / "frame.jpg").read_bytes(), "image/jpeg")
    except SandboxFailed:
        raise NotFound from None
    finally:
        _rendering.release()
