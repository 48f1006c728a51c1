"""Accounts that the hospital's records take out of use, and give back (hospital-integration.md 2.4, 2.6)."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import F

from klisza.accounts.models import Account
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.notifications.services import enqueue_mail

from . import revocation

HOSPITAL = "hospital"  # beside passwords | codes | staff | merge: the hospital deleted the record


@transaction.atomic
def suspend(*, account: Account, cause: str, by: Actor) -> None:
    """End every session and login; the owner is asked at the login to contact the registration desk.

    cause: merge | hospital. No mail: what to say depends on what the desk finds out.
    """
    _end(account, state=Account.State.LOCKED, cause=cause, action="account.locked", by=by)


@transaction.atomic
def close_for(*, account: Account, remaining: Account, by: Actor) -> None:
    """One person had two accounts with the same addresses: a mail says which user name goes on."""
    if _end(account, state=Account.State.CLOSED, cause="merge", action="account.closed", by=by):
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


def _end(account: Account, *, state: str, cause: str, action: str, by: Actor) -> bool:
    """False when it is so already."""
    row = Account.objects.select_for_update().get(pk=account.pk)
    if (row.state, row.lock_cause) == (state, cause):
        return False
    Account.objects.filter(pk=row.pk).update(
        state=state, lock_cause=cause, locked_at=clock.now(), session_epoch=F("session_epoch") + 1
    )
    revocation.revoke(subject=str(row.pk))
    record(action, by=by, objects=[row], reason=cause)
    return True
