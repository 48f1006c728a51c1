"""The owner's list of devices: one row per browser that is signed in; deleting it ends it (R49, T-101)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from klisza.accounts.models import Account, Session
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock

from . import revocation

STEP = timedelta(seconds=30)


def is_due(idle: timedelta) -> bool:
    """Activity is written at most this often: a page is no reason for a write to the disk."""
    return idle >= min(STEP, settings.SESSION_IDLE / 10)


def of(account: Account) -> QuerySet[Session]:
    """Those that still open something, the last used first."""
    now = clock.now()
    return Session.objects.filter(
        account=account,
        epoch=account.session_epoch,
        since__gt=now - longest(account),
        seen_at__gt=now - settings.SESSION_IDLE,
    ).order_by("-seen_at", "-since")


def longest(account: Account) -> timedelta:
    return settings.STAFF_SESSION_MOST if account.kind == Account.Kind.STAFF else settings.SESSION_MOST


def touch(*, session_key: str) -> None:
    """Activity: a request, or a download that runs. Never brings back a session that has ended."""
    Session.objects.filter(session_key=revocation.subject_of(session_key)).update(seen_at=clock.now())


def goes_on(*, session_key: str) -> bool:
    """For what runs longer than a request, a download: it counts as activity, and ends with its session."""
    return row_goes_on(row_key=revocation.subject_of(session_key))


def row_goes_on(*, row_key: str) -> bool:
    """The same for a sign-in of which only the digest is known."""
    row = Session.objects.filter(session_key=row_key).only("seen_at").first()
    if row is None:
        return False
    if row.seen_at and is_due(clock.now() - row.seen_at):
        Session.objects.filter(session_key=row_key).update(seen_at=clock.now())
    return True


@transaction.atomic
def end_one(*, account: Account, row_key: str, by: Actor) -> bool:
    """Its cookie is nothing at its next request; its pictures end within two seconds. False: it was over."""
    if not Session.objects.filter(account=account, session_key=row_key).delete()[0]:
        return False
    revocation.revoke_session(row_key=row_key)
    record("session.ended", by=by, objects=[account])
    return True


@transaction.atomic
def end_others(*, account: Account, kept: str, by: Actor) -> int:
    """All but this browser's. kept: the value of its cookie. Returns how many there were."""
    ended = 0
    for row in Session.objects.filter(account=account).exclude(session_key=revocation.subject_of(kept)):
        ended += end_one(account=account, row_key=row.session_key, by=by)
    return ended
