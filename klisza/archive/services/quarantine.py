"""Objects that are kept but shown to nobody, each with a reason that staff can read."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F

from klisza.archive.models import Instance, Quarantined, Study
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.blobs import services as blobs

from .faults import database_faults

# An unreadable object stays with its sender, so above this size the reason alone is kept.
UNREADABLE_KEPT = 64 * 1024 * 1024


def quarantine(
    *,
    kind: str,
    reason: str,
    sha256: str,
    source: str,
    pieces: Sequence[bytes | memoryview] = (),
    instance: Instance | None = None,
    study: Study | None = None,
) -> Quarantined:
    """Keep one object aside. The same bytes again only raise the counter.

    sha256: of the data set. pieces: what to keep, in order. Raises Unavailable.
    """
    with database_faults():
        if Quarantined.objects.filter(sha256=sha256).update(seen=F("seen") + 1):
            return Quarantined.objects.get(sha256=sha256)
        size = sum(len(piece) for piece in pieces)
        keep = size > 0 and (kind != "unreadable" or size <= UNREADABLE_KEPT)
        stored = blobs.put(pieces) if keep else None
        with transaction.atomic():
            row, made = Quarantined.objects.get_or_create(
                sha256=sha256,
                defaults={
                    "kind": kind,
                    "reason": reason[:500],
                    "instance": instance,
                    "study": study,
                    "source": source[:128],
                    "received_at": clock.now(),
                },
            )
            if made and stored:
                row.blob = blobs.save(stored)
                row.save(update_fields=["blob"])
    if stored and not made:
        blobs.delete(stored.key)
    return row


@transaction.atomic
def dismiss(*, row: Quarantined, reason: str, by: Actor) -> None:
    """Staff have looked: nothing follows. The bytes stay, and the same bytes again ask nobody anew.

    Repeating it changes nothing.
    """
    if Quarantined.objects.filter(pk=row.pk, resolved_at=None).update(resolved_at=clock.now()):
        record("object.dismissed", by=by, objects=[row], reason=reason)
