"""What was needed for one login only does not stay (codes and tokens: 24 hours)."""

from __future__ import annotations

from datetime import timedelta

from klisza.accounts.models import Challenge, Factor, Handover, Login, Reset, ResetRequest, Session
from klisza.base import clock

from . import breaker, known, limits, revocation

KEPT = timedelta(hours=24)


def sweep() -> int:
    """Old codes, logins, links, requests, counters and sessions; returns how many rows went."""
    before = clock.now() - KEPT
    removed = limits.sweep() + revocation.sweep() + breaker.sweep() + known.sweep()
    for rows in (
        Login.objects.filter(started_at__lt=before),
        Challenge.objects.filter(expires_at__lt=clock.now()),
        Handover.objects.filter(expires_at__lt=clock.now()),
        Factor.objects.filter(confirmed_at=None, created_at__lt=before),
        Reset.objects.filter(created_at__lt=before, expires_at__lt=clock.now()),
        ResetRequest.objects.filter(done_at__lt=before),
        Session.objects.filter(expire_date__lt=clock.now()),
    ):
        removed += rows.delete()[0]
    return removed
