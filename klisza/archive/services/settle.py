"""A study is complete when nothing came for a while (hospital-integration.md 1.4)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db.models import F

from klisza.archive.models import Study
from klisza.base import clock

# Their modalities send one study over hours (hospital-integration.md 1.4).
SLOW = ("US", "XA")


def settle_due() -> int:
    """Mark every study whose quiet time is over as settled, one revision further; returns how many.

    One statement: an instance that arrives at the same moment either comes before it and postpones the study,
    or after it and opens the study again.
    """
    return Study.objects.filter(state=Study.State.RECEIVING, settles_at__lte=clock.now()).update(
        state=Study.State.SETTLED, revision=F("revision") + 1
    )


def settle_soon(study_ids: Collection[uuid.UUID]) -> int:
    """Nothing more of them is on its way: the whole of it was read from files."""
    rows = Study.objects.filter(pk__in=study_ids, state=Study.State.RECEIVING)
    return rows.update(settles_at=clock.now())


def quiet_time(modality: str) -> timedelta:
    """How long nothing must come of this modality."""
    short, long = settings.SETTLE_SECONDS, settings.SETTLE_SECONDS_LONG
    return timedelta(seconds=settings.SETTLE_MODALITIES.get(modality, long if modality in SLOW else short))


def keep_open(study_ids: Collection[uuid.UUID], *, seconds: float) -> int:
    """An association still sends these studies: none settles within `seconds`; returns how many it mattered to."""
    until = clock.now() + timedelta(seconds=seconds)
    due = Study.objects.filter(pk__in=study_ids, state=Study.State.RECEIVING, settles_at__lt=until)
    return due.update(settles_at=until)
