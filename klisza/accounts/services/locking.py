"""Locking and unlocking: state that support sees, not a cache entry (manual, M8.3)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from klisza.accounts.models import Account
from klisza.audit.actor import SYSTEM, Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.notifications.services import enqueue_mail

from . import limits, passwords, provision, revocation

PASSWORDS, CODES, STAFF, MERGE = "passwords", "codes", "staff", "merge"
TELL_AGAIN_AFTER = timedelta(hours=24)


@transaction.atomic
def lock(*, account: Account, cause: str, by: Actor) -> None:
    """End every session and login of the account until support unlocks it; one mail a day tells the owner.

    cause: passwords | codes | staff | merge.
    """
    locked = Account.objects.select_for_update().get(pk=account.pk)
    if locked.state not in (Account.State.NEW, Account.State.ACTIVE):
        return
    now = clock.now()
    locked.state, locked.locked_at, locked.lock_cause = Account.State.LOCKED, now, cause
    locked.session_epoch += 1
    locked.save(update_fields=["state", "locked_at", "lock_cause", "session_epoch"])
    revocation.revoke(subject=str(locked.pk))
    record("account.locked", by=by, objects=[locked], reason=cause)
    told = locked.lock_told_at
    if told is None or now - told >= TELL_AGAIN_AFTER:
        Account.objects.filter(pk=locked.pk).update(lock_told_at=now)
        _tell(locked, "accounts/mail/locked_codes" if cause == CODES else "accounts/mail/locked")


def unlock(*, account: Account, reason: str, by: Actor) -> None:
    """Support has made sure who is calling; `reason` says how and is kept in the audit.

    A lock by wrong codes means that somebody knows the password: it is dead, the owner sets a new one.
    """
    with transaction.atomic():
        locked = Account.objects.select_for_update().get(pk=account.pk)
        if locked.state != Account.State.LOCKED:
            return
        known_to_others = locked.lock_cause == CODES
        was_new = locked.password_changed_at is None
        locked.state = Account.State.NEW if was_new else Account.State.ACTIVE
        locked.wrong_passwords = locked.wrong_codes = 0
        locked.locked_at, locked.lock_told_at, locked.lock_cause = None, None, ""
        if known_to_others:
            locked.password = passwords.unusable()
        locked.save(
            update_fields=[
                "state",
                "wrong_passwords",
                "wrong_codes",
                "locked_at",
                "lock_told_at",
                "lock_cause",
                "password",
            ]
        )
        limits.forget_name(locked.user_name.upper())
        record("account.unlocked", by=by, objects=[locked], reason=reason[:500])
        gets_new_one = was_new and locked.kind == Account.Kind.PATIENT
        if not gets_new_one:
            _tell(
                locked, "accounts/mail/unlocked_new_password" if known_to_others else "accounts/mail/unlocked"
            )
    if gets_new_one:
        provision.reissue(account=locked, by=by)
    account.refresh_from_db()


def lock_overdue() -> int:
    """Lock what reached its limit while the process that should have locked it died (R42)."""
    full = Account.objects.filter(
        Q(wrong_passwords__gte=settings.WRONG_PASSWORDS_BEFORE_LOCK)
        | Q(wrong_codes__gte=settings.WRONG_CODES_BEFORE_LOCK),
        state__in=(Account.State.NEW, Account.State.ACTIVE),
    )
    count = 0
    for account in full:
        by_codes = account.wrong_codes >= settings.WRONG_CODES_BEFORE_LOCK
        lock(account=account, cause=CODES if by_codes else PASSWORDS, by=SYSTEM)
        count += 1
    return count


@transaction.atomic
def end_sessions(*, account: Account, by: Actor) -> None:
    """Every session and login under way of this account is over at its next request."""
    Account.objects.filter(pk=account.pk).update(session_epoch=F("session_epoch") + 1)
    revocation.revoke(subject=str(account.pk))
    record("account.sessions_ended", by=by, objects=[account])


def _tell(account: Account, template: str) -> None:
    if not account.email:
        return
    enqueue_mail(
        to=account.email,
        language=account.language,
        template=template,
        kind="locked",
        account_id=account.pk,
        context={
            "since": account.locked_at,
            "portal_name": settings.PORTAL_NAME,
            "address": f"{settings.PUBLIC_URL}/login/",
            "support": {
                "email": settings.SUPPORT_EMAIL,
                "phone": settings.SUPPORT_PHONE,
                "hours": settings.SUPPORT_HOURS,
            },
        },
    )
