"""Ending at once what was given out for minutes: tickets compare themselves with these rows on use (<= 2 s)."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from klisza.accounts.models import Revocation
from klisza.base import clock, sealing

SUBJECT_DIGITS = 32  # 128 bits in hex


def subject_of(name: str) -> str:
    """Keyed digest of an account id, a session key or a study id; the only form that leaves this process."""
    return sealing.digest(name, purpose="revocation")[:SUBJECT_DIGITS]


def revoke(*, subject: str) -> None:
    """End every ticket issued up to now to this account or sign-in, or for this study (ids as text).

    Runs in the caller's transaction; works everywhere within two seconds of its commit.
    """
    Revocation.objects.create(subject=subject_of(subject), at=clock.now())


def revoke_session(*, row_key: str) -> None:
    """The same for one sign-in of which only the digest is known, as in the table of sessions."""
    Revocation.objects.create(subject=row_key, at=clock.now())


def recent() -> dict[str, datetime]:
    """Newest moment of each subject. By time, not by the last id seen: parallel transactions commit out of order."""
    rows = Revocation.objects.filter(at__gte=clock.now() - 2 * settings.TICKET_LIFE)
    return dict(rows.order_by("at").values_list("subject", "at"))


def sweep() -> int:
    """Remove what only long expired tickets could ask for."""
    deleted, _ = Revocation.objects.filter(at__lt=clock.now() - 4 * settings.TICKET_LIFE).delete()
    return deleted
