"""Accounts that the hospital's records take out of use, and give back (hospital-integration.md 2.4, 2.6)."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from klisza.accounts.errors import ContactNotUsable
from klisza.accounts.models import Account
from klisza.accounts.phones import normal_mobile
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.notifications.services import enqueue_mail

from . import revocation
from .provision import Draft, reissue, usable_email

# The person is of age, and the addresses are those of a former guardian: the desk enters the own ones.
GUARDIAN = "guardian"
HOSPITAL = "hospital"  # beside passwords | codes | staff | merge: the hospital deleted the record
DIED = "died"  # the hospital says so (R67)
# Support has nothing to unlock: the registration desk finds out what is to be done.
PUT_ASIDE = ("merge", HOSPITAL, GUARDIAN, DIED)


@transaction.atomic
def suspend(*, account: Account, cause: str, by: Actor) -> None:
    """End every session and login; the owner is asked at the login to contact the registration desk.

    cause: merge | hospital | guardian | died. No mail: what to say depends on what the desk finds out.
    """
    end_account(account, state=Account.State.LOCKED, cause=cause, action="account.locked", by=by)


@transaction.atomic
def close_for(*, account: Account, remaining: Account, by: Actor) -> None:
    """One person had two accounts with the same addresses: a mail says which user name goes on."""
    if end_account(account, state=Account.State.CLOSED, cause="merge", action="account.closed", by=by):
        enqueue_mail(
            to=remaining.email,
            language=remaining.language,
            template="accounts/mail/merged",
            kind="merged",
            account_id=remaining.pk,
            context={
                "old_name": account.user_name,
                "user_name": remaining.user_name,
                "portal_name": settings.PORTAL_NAME,
                "address": f"{settings.PUBLIC_URL}/login/",
                "support": {
                    "email": settings.SUPPORT_EMAIL,
                    "phone": settings.SUPPORT_PHONE,
                    "hours": settings.SUPPORT_HOURS,
                },
            },
        )


@transaction.atomic
def give_back(*, account: Account, state: str, cause: str, by: Actor) -> None:
    """Back to what the account was before suspend or close_for; its sessions stay ended."""
    changed = Account.objects.filter(pk=account.pk, lock_cause__in=("merge", HOSPITAL)).update(
        state=state,
        lock_cause=cause,
        locked_at=clock.now() if state == Account.State.LOCKED else None,
    )
    if changed:
        record("account.unlocked", by=by, objects=[account], reason="given back")


@transaction.atomic
def said_alive(*, account: Account, by: Actor) -> None:
    """The death was taken back. Nothing opens by itself: support unlocks, once it knows who is there."""
    if Account.objects.filter(pk=account.pk, lock_cause=DIED).update(lock_cause="staff"):
        record("account.locked", by=by, objects=[account], reason="death taken back")


@transaction.atomic
def begin_anew(*, account: Account, email: str, mobile: str, by: Actor, made: Draft) -> None:
    """The desk has seen the person's own document and entered the own addresses: nothing of before opens it.

    The old password is dead; a temporary one goes to the new e-mail, the code to the new number.
    made: drafted before the caller's transaction. Raises ContactNotUsable.
    """
    address, number = usable_email(email), normal_mobile(mobile)
    if number is None:
        raise ContactNotUsable(_("This is not a mobile number to which the portal may send codes."))
    row = Account.objects.select_for_update().get(pk=account.pk)
    row.email, row.mobile, row.state = address, number, Account.State.NEW
    row.locked_at, row.lock_cause, row.strangers_locked_at, row.password_changed_at = None, "", None, None
    row.wrong_passwords = row.wrong_codes = 0
    row.contact_changed_at = clock.now()
    row.save()
    row.factors.all().delete()
    row.recovery_codes.all().delete()
    row.devices.all().delete()
    row.contact_changes.filter(done_at=None, dropped_at=None).update(dropped_at=clock.now(), sealed=b"")
    revocation.revoke(subject=str(row.pk))
    record("account.begun_anew", by=by, objects=[row])
    reissue(account=row, by=by, made=made)


def end_account(account: Account, *, state: str, cause: str, action: str, by: Actor) -> bool:
    """In the caller's transaction. False when it is so already."""
    row = Account.objects.select_for_update().get(pk=account.pk)
    if (row.state, row.lock_cause) == (state, cause):
        return False
    Account.objects.filter(pk=row.pk).update(
        state=state, lock_cause=cause, locked_at=clock.now(), session_epoch=F("session_epoch") + 1
    )
    revocation.revoke(subject=str(row.pk))
    record(action, by=by, objects=[row], reason=cause)
    return True
