"""Locking and unlocking: state that support sees, not a cache entry (manual, M8.3)."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from klisza.accounts.models import Account, KnownDevice, Reset
from klisza.audit.actor import SYSTEM, Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused
from klisza.notifications.services import enqueue_mail

from . import limits, passwords, provision, revocation, unlock_link

PASSWORDS, CODES, STAFF, MERGE = "passwords", "codes", "staff", "merge"


@transaction.atomic
def lock(*, account: Account, cause: str, by: Actor, spares_devices: bool = False) -> None:
    """End every session and login of the account until support unlocks it; one mail a day tells the owner.

    cause: passwords | codes | staff | merge.
    spares_devices: strangers were wrong; the owner can still come in by a browser that is known (R47).
    """
    locked = Account.objects.select_for_update().get(pk=account.pk)
    if locked.state not in (Account.State.NEW, Account.State.ACTIVE) and not _is_worse(locked, cause):
        return
    now = clock.now()
    locked.state, locked.locked_at, locked.lock_cause = Account.State.LOCKED, now, cause
    locked.strangers_locked_at = now if spares_devices else None
    locked.session_epoch += 1
    locked.save(update_fields=["state", "locked_at", "lock_cause", "strangers_locked_at", "session_epoch"])
    revocation.revoke(subject=str(locked.pk))
    record("account.locked", by=by, objects=[locked], reason=cause)
    _tell_of_lock(locked)


def _is_worse(locked: Account, cause: str) -> bool:
    """Strangers had locked it; now somebody was wrong in the owner's browser, or knows the password."""
    return locked.lock_cause == PASSWORDS and (
        cause == CODES or (cause == PASSWORDS and locked.strangers_locked_at is not None)
    )


def _tell_of_lock(locked: Account) -> None:
    template = "accounts/mail/locked_codes" if locked.lock_cause == CODES else "accounts/mail/locked"
    if not limits.first("locked mail", f"{locked.pk}|{template}", per=settings.LOCKED_MAIL_EVERY):
        return
    spared = locked.strangers_locked_at is not None and locked.devices.exists()
    _tell(locked, template, {"has_devices": spared, "link": unlock_link.make(locked)})


def unlock(*, account: Account, reason: str, by: Actor) -> None:
    """Support has made sure who is calling; `reason` says how and is kept in the audit.

    A lock by wrong codes means that somebody knows the password: it is dead, the owner sets a new one.
    """
    with transaction.atomic():
        locked = Account.objects.select_for_update().get(pk=account.pk)
        if not locked.is_locked:
            return
        if locked.lock_cause == "guardian":  # nothing to unlock: its addresses are somebody else's
            raise Refused(_("Enter the person's own e-mail and mobile number first."))
        if locked.lock_cause == "died":
            raise Refused(
                _("The hospital's system says that this person has died. It must be corrected there first.")
            )
        known_to_others = locked.lock_cause == CODES
        was_new = locked.password_changed_at is None
        locked.state = Account.State.NEW if was_new else Account.State.ACTIVE
        locked.wrong_passwords = locked.wrong_codes = 0
        locked.locked_at, locked.strangers_locked_at, locked.lock_cause = None, None, ""
        if known_to_others:
            locked.password = passwords.unusable()
        locked.save(
            update_fields=[
                "state",
                "wrong_passwords",
                "wrong_codes",
                "locked_at",
                "strangers_locked_at",
                "lock_cause",
                "password",
            ]
        )
        limits.forget_name(locked.user_name.upper())
        locked.devices.update(wrong_passwords=0)
        Reset.objects.filter(account=locked, purpose=Reset.Purpose.UNLOCK, used_at=None).update(
            superseded=True
        )
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
        cause = CODES if by_codes else PASSWORDS
        lock(account=account, cause=cause, by=SYSTEM, spares_devices=not by_codes)
        count += 1
    full_devices = KnownDevice.objects.select_related("account").filter(
        wrong_passwords__gte=settings.WRONG_PASSWORDS_PER_DEVICE, account__state=Account.State.ACTIVE
    )
    for device in full_devices:
        lock(account=device.account, cause=PASSWORDS, by=SYSTEM)
        count += 1
    return count


@transaction.atomic
def end_sessions(*, account: Account, by: Actor) -> None:
    """Every session and login under way of this account is over at its next request."""
    Account.objects.filter(pk=account.pk).update(session_epoch=F("session_epoch") + 1)
    revocation.revoke(subject=str(account.pk))
    record("account.sessions_ended", by=by, objects=[account])


def _tell(account: Account, template: str, more: dict[str, object] | None = None) -> None:
    if not account.email:
        return
    enqueue_mail(
        to=account.email,
        language=account.language,
        template=template,
        kind="locked",
        account_id=account.pk,
        secret=bool(more and more["link"]),
        context={
            **(more or {}),
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
