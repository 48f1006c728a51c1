"""How many copies one person may make at once: each reads disks and holds a thread of the server."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from klisza.base import clock
from klisza.base.errors import TooMany
from klisza.exports.models import Export

RETRY_SECONDS = 60
# A stream beats while it is read; one whose process died, or whose reader sleeps this long, frees its place.
SILENT = timedelta(minutes=2)


def alive(holder: str) -> QuerySet[Export]:
    """Being made ready, about to begin, or running."""
    return Export.objects.filter(holder=holder, finished_at=None, beat_at__gt=clock.now() - SILENT)


def take(holder: str, *, but: Export | None = None) -> None:
    """Inside the transaction that then writes the row. Raises TooMany (429)."""
    _one_at_a_time(holder)
    others = alive(holder).filter(~Q(pk=but.pk) if but else Q())
    if others.count() >= settings.EXPORTS_AT_ONCE:
        sentence = _(
            "Other downloads of yours are running. Please wait until one of them is finished, or cancel it."
        )
        raise TooMany(sentence, retry_after=RETRY_SECONDS)


def _one_at_a_time(holder: str) -> None:
    """On SQLite the transaction itself does (BEGIN IMMEDIATE)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"export {holder}"])
