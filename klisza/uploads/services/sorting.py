"""Files that have arrived are looked at in the sandbox, and each gets its place: kept, set aside, skipped, refused.

A file that nobody can make sense of costs only itself. Bytes first, then one short transaction; whoever is killed in
between does it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from klisza.base import clock, sandbox
from klisza.base.errors import SandboxFailed
from klisza.base.turns import Turns
from klisza.blobs import services as blobs
from klisza.uploads import storage, virus
from klisza.uploads.models import HandedFile

from .conflicts import conflict_of
from .unpacking import unpack
from .whose import judged

AT_ONCE = 200
BYTES_AT_ONCE = 512 * 1024 * 1024
BYTES_PER_CPU_SECOND = 20 * 1024 * 1024
State = HandedFile.State
KEPT = frozenset({"sorted", "quarantined"})
turns = Turns("uploads.sort")


@dataclass(frozen=True)
class Place:
    """Where bytes lie on the disk."""

    path: Path
    offset: int
    length: int

    def pieces(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            left = self.length
            while left > 0 and (piece := file.read(min(storage.PIECE, left))):
                left -= len(piece)
                yield piece


@dataclass(frozen=True)
class Seen:
    """A file and what the sandbox said about it (looking.Verdict as a dict)."""

    file: HandedFile
    place: Place
    verdict: dict[str, Any]

    @property
    def pk(self) -> UUID:
        return self.file.pk


def sort_arrived() -> int:
    """Some of what waits; returns how many. Raises Unavailable when the virus scanner is away: nothing passes it."""
    return turns.take(_seen, _settle, limit=AT_ONCE)


def _seen(limit: int) -> list[Seen]:
    rows = HandedFile.objects.filter(state=State.ARRIVED).select_related("delivery__patient")
    chosen: list[HandedFile] = []
    for file in rows.order_by("arrived_at")[:limit]:
        if file.pk not in turns.aside and (not chosen or _sum(chosen) + file.size <= BYTES_AT_ONCE):
            chosen.append(file)
    places = [place_of(file) for file in chosen]
    verdicts = look(
        [(place, file.name, "/" in file.path) for file, place in zip(chosen, places, strict=True)]
    )
    return [Seen(*one) for one in zip(chosen, places, verdicts, strict=True)]


def _sum(files: Sequence[HandedFile]) -> int:
    return sum(file.size for file in files)


def place_of(file: HandedFile) -> Place:
    path = storage.path_of(file.staged) if file.staged else Path("/dev/null")
    return Place(path, file.staged_offset, file.size)


def look(files: Sequence[tuple[Place, str, bool]]) -> list[dict[str, Any]]:
    """(place, name, is of a whole folder) -> verdicts. Many in one child; if that dies, each in its own."""
    if not files:
        return []
    try:
        verdicts = _look(files)
    except (SandboxFailed, OSError):
        verdicts = [_look_alone(one) for one in files]
    for verdict, (place, _name, _folder) in zip(verdicts, files, strict=True):
        # Of a ZIP each member is scanned by itself: one bad file must not take the whole disc with it.
        found = None if verdict["state"] == "unpack" else scanned(place)
        if found:
            verdict.update(state="quarantined", reason=found[0], facts={"virus": found[1]})
    return verdicts


def scanned(place: Place) -> tuple[str, str] | None:
    """(reason, name) of what the virus scanner says, None when it is content or not configured."""
    if not virus.is_on() or not place.length:
        return None
    try:
        name = virus.find(place.pieces())
    except virus.TooLargeToScan:
        return "unscanned", ""
    return ("virus", name) if name else None


def _look(files: Sequence[tuple[Place, str, bool]]) -> list[dict[str, Any]]:
    whole = sum(place.length for place, _name, _folder in files)
    seconds = 30 + whole // BYTES_PER_CPU_SECOND
    largest = max(place.path.stat().st_size for place, _name, _folder in files)
    arguments = {
        "files": [
            {"path": str(place.path), "offset": place.offset, "length": place.length, "name": name,
             "in_folder": folder}
            for place, name, folder in files
        ],
        "most_dicom": settings.MAX_INSTANCE_MB * 1024 * 1024,
    }  # fmt: skip
    with storage.scratch() as scratch:
        answer = sandbox.call(
            "klisza.uploads.looking:look",
            arguments,
            folder=scratch,
            # A mapped file counts as memory, however little of it is read.
            memory_mb=2048 + largest // (1024 * 1024),
            cpu_seconds=seconds,
            wall_seconds=2 * seconds,
        )
    return list(answer)


def _look_alone(one: tuple[Place, str, bool]) -> dict[str, Any]:
    try:
        return _look([one])[0]
    except (SandboxFailed, OSError):
        return {"kind": "other", "state": "quarantined", "reason": "unreadable", "sha256": "", "facts": {}}


def _settle(seen: Seen) -> bool:
    """False when somebody else has done it meanwhile."""
    if seen.verdict["state"] == "unpack":
        return _settle_archive(seen)
    verdict = judged(seen.file, seen.verdict | conflict_of(seen.file, seen.verdict))
    kept = blobs.put(seen.place.pieces()) if verdict["state"] in KEPT else None
    with transaction.atomic():
        is_mine = _note(seen.file, verdict, kept)
    if kept and not is_mine:
        blobs.delete(kept.key)
    return is_mine


def _note(file: HandedFile, verdict: dict[str, Any], kept: blobs.Stored | None) -> bool:
    rows = HandedFile.objects.select_for_update().filter(pk=file.pk, state=State.ARRIVED)
    if not rows.exists():
        return False
    fields = fields_of(verdict) | {"staged": "", "staged_offset": 0}
    if kept:
        fields["blob"] = blobs.save(kept)
    return bool(rows.update(**fields))


def fields_of(verdict: dict[str, Any]) -> dict[str, Any]:
    """Columns of HandedFile."""
    names = ("kind", "state", "reason", "media_type", "sha256", "person", "is_me", "facts",
             "study_instance_uid", "series_instance_uid", "sop_instance_uid")  # fmt: skip
    return {name: verdict[name] for name in names if name in verdict} | {"sorted_at": clock.now()}


def _settle_archive(seen: Seen) -> bool:
    with storage.scratch() as folder:
        source = _whole_file(seen, folder)
        verdict = unpack(seen.file, source, folder / "members", look=_look_members, keep=_keep_member)
    with transaction.atomic():
        return _note(seen.file, seen.verdict | verdict, None)


def _whole_file(seen: Seen, folder: Path) -> Path:
    """The ZIP as a file of its own: it may have come within a batch."""
    if seen.place.offset == 0 and seen.place.path.stat().st_size == seen.place.length:
        return seen.place.path
    source = folder / "archive"
    with source.open("wb") as out:
        for piece in seen.place.pieces():
            out.write(piece)
    return source


def _look_members(files: Sequence[tuple[Path, str]]) -> list[dict[str, Any]]:
    return look([(Place(path, 0, path.stat().st_size), name, True) for path, name in files])


def _keep_member(
    row: HandedFile, verdict: dict[str, Any], path: Path
) -> tuple[HandedFile, blobs.Stored | None]:
    """The row of a member, not saved yet, and its durable bytes."""
    if verdict["state"] == "unpack":
        verdict |= {"state": "refused", "reason": "zip_in_zip"}
    verdict = judged(row, verdict | conflict_of(row, verdict))
    for name, value in fields_of(verdict).items():
        setattr(row, name, value)
    return row, blobs.put_file(path) if verdict["state"] in KEPT else None
