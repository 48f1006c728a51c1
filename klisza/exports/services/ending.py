"""The end of a copy: nothing of it opens afterwards, and its password is nowhere."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction

from klisza.audit.services import record
from klisza.base import clock
from klisza.exports import returning
from klisza.exports.models import Export


@transaction.atomic
def cancel(*, export: Export) -> None:
    """Its owner does not want it any more; a running stream ends within a second."""
    running = Export.objects.filter(pk=export.pk).exclude(state=Export.State.OVER)
    if running.update(state=Export.State.OVER, finished_at=clock.now(), outcome="cancelled", password=b""):
        by = returning.actor_of(export)
        record("export.cancelled", by=by, patient_id=export.patient_id, objects=[export])


def forget_old() -> int:
    """Nobody has read them for long: key and password go, the list of what went out stays."""
    limit = clock.now() - timedelta(minutes=settings.EXPORT_LIFE_MINUTES)
    old = Export.objects.filter(beat_at__lt=limit).exclude(key_digest="")
    return old.update(state=Export.State.OVER, key_digest="", password=b"", secret=b"")
