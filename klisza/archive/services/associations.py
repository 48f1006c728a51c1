"""What the integration engineer reads about associations: one row for each, written when it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from klisza.archive.models import Association, RefusedAssociation
from klisza.base import clock

KEEP = timedelta(days=30)


@dataclass
class Tally:
    """What one association brought; see models.Association."""

    began_at: datetime
    calling_ae_title: str = ""
    echoes: int = 0
    stored: int = 0
    kept_aside: int = 0
    refused: int = 0
    reason: str = ""


def note_association(tally: Tally, *, peer_name: str, address: str, outcome: str) -> Association:
    """outcome: released | aborted | rejected."""
    return Association.objects.create(
        began_at=tally.began_at, ended_at=clock.now(), peer_name=peer_name[:64],
        calling_ae_title=printable(tally.calling_ae_title), address=address[:45], echoes=tally.echoes,
        stored=tally.stored, kept_aside=tally.kept_aside, refused=tally.refused, outcome=outcome,
        reason=tally.reason[:200],
    )  # fmt: skip


def forget_associations() -> int:
    """Accepted and refused ones that nobody will ask about any more; the audit keeps the refusals."""
    before = clock.now() - KEEP
    ended, _ = Association.objects.filter(ended_at__lt=before).delete()
    refused, _ = RefusedAssociation.objects.filter(at__lt=before).delete()
    return ended + refused


def printable(title: str) -> str:
    return "".join(sign for sign in title if sign.isprintable())[:16]
