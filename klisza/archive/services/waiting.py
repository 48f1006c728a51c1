"""New instances of a study that moved: they named the new patient before the stored ones did."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef

from klisza.archive.models import Correction, Peer, Quarantined
from klisza.base import clock
from klisza.blobs import services as blobs

from .store import Source, store_instance

TAKEN = ("stored", "duplicate")
BATCH = 50


def take_in_waiting() -> int:
    """Try each of them once after every move of its study; returns how many were taken in."""
    moved = Correction.objects.filter(study=OuterRef("study"), kind="shown", at__gt=OuterRef("received_at"))
    waiting = Quarantined.objects.filter(
        Exists(moved), kind="same_study_other_patient", resolved_at=None, blob__isnull=False
    )
    return sum(_take_in(row) for row in waiting.order_by("received_at")[:BATCH])


def _take_in(row: Quarantined) -> bool:
    outcome = store_instance(part10=blobs.open_path(str(row.blob_id)), source=source_named(row.source))
    taken = outcome.status in TAKEN
    now = clock.now()
    # One that is still of somebody else counted itself as seen again: that was us, not a sender.
    changes = {"resolved_at": now} if taken else {"received_at": now, "seen": F("seen") - 1}
    Quarantined.objects.filter(pk=row.pk).update(**changes)
    return taken


def source_named(name: str) -> Source:
    """As its entry says now; a sender without one brings no rules of its own."""
    peer = Peer.objects.filter(name=name).first()
    return Source(name, peer.issuer, peer.charset) if peer else Source(name)
