"""The list that a patient makes before sending: what will come, checked against the quota before a byte does."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.plain import one_line
from klisza.uploads.errors import ListClosed, TooMuch
from klisza.uploads.models import Delivery, HandedFile

from .delivering import locked, next_position

AT_ONCE = 1000  # entries of one request: its transaction stays short


@dataclass(frozen=True)
class Entry:
    """A file as the browser announces it. path: with the folders it was chosen in; size in bytes.

    is_me: the patient's answer to "Is this you?", asked of what stands in the file; None = was not asked.
    """

    path: str
    size: int
    title: str = ""
    description: str = ""
    mark: str = ""
    is_me: bool | None = None

    def row(self, delivery: Delivery, position: int) -> HandedFile:
        path = one_line(self.path.replace("\\", "/"), most=100_000)
        return HandedFile(
            delivery=delivery, position=position, name=shortened(path.rpartition("/")[2], 255),
            path=shortened(path, 500), size=self.size, title=one_line(self.title),
            description=one_line(self.description, most=1000), mark=self.mark[:32], is_me=self.is_me,
        )  # fmt: skip


def shortened(name: str, most: int) -> str:
    """Endless names lose their middle: the ending says what it is."""
    return name if len(name) <= most else f"{name[: most - 41]}…{name[-40:]}"


@transaction.atomic
def add_to_list(*, delivery: Delivery, entries: list[Entry], anew: bool, by: Actor) -> list[uuid.UUID]:
    """Ids in the order of `entries`. anew: what was announced before and has not come is forgotten.

    Raises ListClosed, TooMuch: nothing of this request is on the list then.
    """
    row = locked(delivery.pk)
    if row.state != Delivery.State.COLLECTING:
        raise ListClosed(_("This list was sent already. Nothing can be added to it."))
    if anew:
        HandedFile.objects.filter(delivery=row, state=HandedFile.State.WAITING).delete()
    check_quota(row, len(entries), sum(entry.size for entry in entries))
    first = next_position(row)
    rows = [entry.row(row, first + number) for number, entry in enumerate(entries)]
    HandedFile.objects.bulk_create(rows)
    Delivery.objects.filter(pk=row.pk).update(moved_at=clock.now())
    if anew:
        record("delivery.listed", by=by, patient_id=row.patient_id, objects=[row])
    return [file.pk for file in rows]


def room_of(delivery: Delivery) -> tuple[int, int]:
    """(files, bytes) that this delivery may still take (R35)."""
    sums = HandedFile.objects.filter(delivery=delivery).aggregate(files=Count("id"), bytes=Sum("size"))
    files = settings.UPLOAD_FILES_MOST - sums["files"]
    return max(0, files), max(0, settings.UPLOAD_BYTES_MOST - int(sums["bytes"] or 0))


def check_quota(delivery: Delivery, files: int, size: int) -> None:
    room = room_of(delivery)
    if files > room[0]:
        raise TooMuch(
            _("That is too many files: at most %(most)s fit into one delivery.")
            % {"most": settings.UPLOAD_FILES_MOST}
        )
    if size > room[1]:
        raise TooMuch(
            _("That is too much: at most %(most)s GB fit into one delivery.")
            % {"most": round(settings.UPLOAD_BYTES_MOST / 1024**3, 1)}
        )
