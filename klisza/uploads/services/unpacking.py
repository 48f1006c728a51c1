"""A ZIP becomes the files that were in it, under the rules of R27: nothing of it is written where its names say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from klisza.base import clock, sandbox
from klisza.base.errors import SandboxFailed
from klisza.blobs import services as blobs
from klisza.blobs.models import Blob
from klisza.uploads.models import HandedFile

from .delivering import next_position
from .listing import Entry, room_of

SECONDS = 900
AT_ONCE = 100
Look = Callable[[Sequence[tuple[Path, str]]], list[dict[str, Any]]]
Keep = Callable[[HandedFile, dict[str, Any], Path], tuple[HandedFile, blobs.Stored | None]]
REASONS = {
    "entries": "too_many_entries",
    "bomb": "bomb",
    "encrypted": "zip_locked",
    "link": "link",
    "damaged": "damaged",
}


def unpack(file: HandedFile, source: Path, folder: Path, *, look: Look, keep: Keep) -> dict[str, Any]:
    """Adds the members to the delivery; returns what became of the ZIP itself (state, reason, facts)."""
    forget_members(file)
    folder.mkdir()
    files, room = room_of(file.delivery)
    try:
        answer = sandbox.call(
            "klisza.standards.zip.unpack:unzip",
            {"source": str(source), "folder": str(folder), "max_entries": files, "max_total": room + file.size},
            folder=folder, memory_mb=1024, cpu_seconds=SECONDS, wall_seconds=SECONDS,
            file_mb=settings.MAX_INSTANCE_MB,
        )  # fmt: skip
    except SandboxFailed:
        return {"state": "quarantined", "reason": "unreadable"}
    if answer["code"]:
        return {"state": "refused", "reason": REASONS[answer["code"]]}
    members = answer["members"]
    for start in range(0, len(members), AT_ONCE):
        _add(file, members[start : start + AT_ONCE], folder, look, keep)
    return {"state": "sorted", "reason": "", "facts": {"files": len(members)}}


def forget_members(file: HandedFile) -> None:
    """Of a first try that was killed."""
    with transaction.atomic():
        members = HandedFile.objects.filter(parent=file)
        keys = list(members.exclude(blob=None).values_list("blob_id", flat=True))
        members.delete()
        Blob.objects.filter(key__in=keys).delete()


def _add(file: HandedFile, members: list[dict[str, str]], folder: Path, look: Look, keep: Keep) -> None:
    rows = [_row(file, member, folder) for member in members]
    whole = [number for number, member in enumerate(members) if not member["code"]]
    paths = [folder / members[number]["file"] for number in whole]
    verdicts = look([(path, rows[number].name) for number, path in zip(whole, paths, strict=True)])
    kept = [
        keep(rows[number], verdict, path)
        for number, verdict, path in zip(whole, verdicts, paths, strict=True)
    ]
    for path in paths:
        path.unlink()
    with transaction.atomic():
        first = next_position(file.delivery)
        for row, stored in kept:
            row.blob = blobs.save(stored) if stored else None
        for number, row in enumerate(rows):
            row.position = first + number
        HandedFile.objects.bulk_create(rows)


def _row(file: HandedFile, member: dict[str, str], folder: Path) -> HandedFile:
    """path: with the ZIP's name, so that the patient sees where it was."""
    path = folder / member["file"]
    name = "/".join(
        part for part in member["name"].replace("\\", "/").split("/") if part not in ("", ".", "..")
    )
    size = path.stat().st_size if path.exists() else 0
    row = Entry(path=f"{file.name}/{name}", size=size).row(file.delivery, 0)
    row.parent, row.arrived_at, row.is_me = file, file.arrived_at, file.is_me
    row.title, row.description = file.title, file.description
    if member["code"]:
        row.state, row.reason = HandedFile.State.REFUSED, REASONS[member["code"]]
        row.sorted_at = clock.now()
    return row
