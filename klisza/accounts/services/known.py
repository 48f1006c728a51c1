"""Browsers in which the owner has passed every step before: their wrong passwords have a count of their own.

A stranger who knows a user name can then lock out strangers, not the owner (R47). No step is skipped.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction

from klisza.accounts.models import Account, KnownDevice
from klisza.audit.actor import Actor
from klisza.base import clock, sealing

from . import limits, notices

COUNT_TRY = """
UPDATE accounts_knowndevice SET wrong_passwords = wrong_passwords + 1
WHERE digest = %s AND expires_at > %s AND wrong_passwords < %s AND account_id IN (
    SELECT id FROM accounts_account WHERE user_name IN (%s, %s) AND kind = %s AND (
        state = 'active'
        OR (state = 'locked' AND lock_cause = 'passwords' AND strangers_locked_at IS NOT NULL)))
RETURNING id, account_id, wrong_passwords
"""


@dataclass(frozen=True)
class Try:
    """One try from a known browser, counted."""

    device_id: uuid.UUID
    account: Account
    wrong_passwords: int


def digest_of(key: str) -> str:
    return sealing.digest(key, purpose="known device")


def count_try(*, key: str, names: tuple[str, str], kind: str) -> Try | None:
    """Count before comparing (R41). None: this browser has no try left, or does not know this account."""
    with transaction.atomic():
        limit = settings.WRONG_PASSWORDS_PER_DEVICE
        row = limits.returning(COUNT_TRY, [digest_of(key), clock.now(), limit, *names, kind])
        if row is None:
            return None
        account = Account.objects.get(pk=limits.as_uuid(row[1]))
    return Try(limits.as_uuid(row[0]), account, row[2])


def right(found: Try) -> Account:
    """No guess. The owner is back: the account is in use again, strangers stay out until support unlocks."""
    with transaction.atomic():
        limits.returning(
            "UPDATE accounts_knowndevice SET wrong_passwords = wrong_passwords - 1 WHERE id = %s AND "
            "wrong_passwords > 0 RETURNING wrong_passwords",
            [found.device_id],
        )
        owner_is_back(found.account)
    return found.account


def owner_is_back(account: Account) -> None:
    """By a known browser, a passkey or a proven identity, none of which a stranger can guess. In the caller's transaction."""
    locked = Account.objects.filter(
        pk=account.pk,
        state=Account.State.LOCKED,
        lock_cause="passwords",
        strangers_locked_at__isnull=False,
    )
    # Who has never been inside may come by a proven identity only; the account is still to be activated.
    locked.filter(password_changed_at=None).update(state=Account.State.NEW, wrong_passwords=0)
    locked.update(state=Account.State.ACTIVE, wrong_passwords=0)
    account.refresh_from_db()


@transaction.atomic
def remember_device(*, account: Account, key: str, by: Actor) -> bool:
    """After a full login; True when the account was never fully signed in to in this browser before."""
    now = clock.now()
    values = {
        "client": by.client[:64],
        "seen_at": now,
        "expires_at": now + settings.KNOWN_DEVICE_LIFE,
        "wrong_passwords": 0,
    }
    mine = KnownDevice.objects.filter(account=account, digest=digest_of(key))
    if mine.update(**values):
        return False
    knows_others = KnownDevice.objects.filter(account=account).exists()
    try:
        with transaction.atomic():
            KnownDevice.objects.create(account=account, digest=digest_of(key), created_at=now, **values)
    except IntegrityError:  # two windows of one browser
        return False
    if knows_others:
        notices.new_device(account=account, by=by)
    return True


def sweep() -> int:
    return KnownDevice.objects.filter(expires_at__lt=clock.now()).delete()[0]
