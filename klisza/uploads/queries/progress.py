"""How much of a delivery is here."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.uploads.models import Delivery, HandedFile, Upload

State = HandedFile.State


@dataclass(frozen=True)
class Progress:
    """Of the files as chosen; what came out of a ZIP is not counted again.

    state: collecting | closed | complete | incomplete | refused; "" when there is no delivery.
    """

    files: int = 0
    files_arrived: int = 0
    bytes: int = 0
    bytes_arrived: int = 0
    state: str = ""
    sorted: int = 0
    set_aside: int = 0


def progress(subject: uuid.UUID, *, purpose: str = "survey") -> Progress:
    """Callers have made sure that the asker may see the subject."""
    delivery = Delivery.objects.filter(purpose=purpose, subject=subject).first()
    return progress_of(delivery) if delivery else Progress()


def progress_of(delivery: Delivery) -> Progress:
    here = ~Q(state=State.WAITING)
    sums = HandedFile.objects.filter(delivery=delivery, parent=None).aggregate(
        files=Count("id"),
        arrived=Count("id", filter=here),
        bytes=Coalesce(Sum("size"), 0),
        bytes_arrived=Coalesce(Sum("size", filter=here), 0),
        sorted=Count("id", filter=here & ~Q(state=State.ARRIVED)),
        aside=Count("id", filter=Q(state__in=[State.QUARANTINED, State.REFUSED])),
    )
    unfinished = Upload.objects.filter(file__delivery=delivery, file__state=State.WAITING)
    under_way = unfinished.aggregate(sum=Coalesce(Sum("offset"), 0))["sum"]
    return Progress(
        files=sums["files"],
        files_arrived=sums["arrived"],
        bytes=int(sums["bytes"]),  # PostgreSQL adds bigints up to a numeric
        bytes_arrived=int(sums["bytes_arrived"] + under_way),
        state=delivery.state,
        sorted=sums["sorted"],
        set_aside=sums["aside"],
    )


def delivery_of(*, delivery_id: uuid.UUID, account_id: uuid.UUID) -> Delivery:
    """Of this very account; anybody else's does not exist (R35). Raises NotFound."""
    delivery = Delivery.objects.filter(pk=delivery_id, account_id=account_id).first()
    if delivery is None:
        raise NotFound
    return delivery


def files_of(delivery: Delivery) -> QuerySet[HandedFile]:
    """In the order of the list; a ZIP's own files follow after everything that was chosen."""
    return HandedFile.objects.filter(delivery=delivery).order_by("position")


def file_of(*, file_id: uuid.UUID, account_id: uuid.UUID) -> HandedFile:
    """Of a delivery of this very account. Raises NotFound."""
    files = HandedFile.objects.select_related("delivery")
    file = files.filter(pk=file_id, delivery__account_id=account_id).first()
    if file is None:
        raise NotFound
    return file


def uploads_of(delivery: Delivery) -> dict[uuid.UUID, Upload]:
    """Unfinished ones, by file."""
    rows = Upload.objects.filter(
        file__delivery=delivery, file__state=State.WAITING, expires_at__gt=clock.now()
    )
    return {upload.file_id: upload for upload in rows}


def unclear_persons(delivery: Delivery) -> list[tuple[HandedFile, int]]:
    """Who else stands in the files, asked of nobody yet: the first file of each person, and how many there are."""
    rows = HandedFile.objects.filter(delivery=delivery, is_me=None).exclude(person__isnull=True)
    found: dict[str, tuple[HandedFile, int]] = {}
    for file in rows.filter(state=State.SORTED).order_by("position"):
        key = json.dumps(file.person, sort_keys=True)
        first, count = found.get(key, (file, 0))
        found[key] = (first, count + 1)
    return list(found.values())
