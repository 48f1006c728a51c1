"""Closing an account is a wish of its own, apart from the information clause: asked, thought over, done (S12)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import IntegrityError, transaction

from klisza.accounts.models import Account, ClosingRequest
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import NotFound

from . import notices
from .suspending import end_account

OWNER = "owner"  # why it is closed, beside merge


@transaction.atomic
def ask_to_close(*, account: Account, by: Actor) -> ClosingRequest:
    """The account stays in use until staff or the calendar close it. Asked again: the same request."""
    now = clock.now()
    found = ClosingRequest.objects.filter(account=account, done_at=None, taken_back_at=None).first()
    if found:
        return found
    try:
        with transaction.atomic():
            wish = ClosingRequest.objects.create(
                account=account, asked_at=now, due_at=now + settings.CLOSING_AFTER
            )
    except IntegrityError:  # two windows
        return ClosingRequest.objects.get(account=account, done_at=None, taken_back_at=None)
    record("account.closing_asked", by=by, objects=[account])
    notices.closing_asked(account=account, due_at=wish.due_at)
    return wish


@transaction.atomic
def take_back(*, account: Account, by: Actor) -> None:
    rows = ClosingRequest.objects.filter(account=account, done_at=None, taken_back_at=None)
    if rows.update(taken_back_at=clock.now()):
        record("account.closing_taken_back", by=by, objects=[account])


@transaction.atomic
def close_asked(*, request_id: uuid.UUID, by: Actor) -> Account:
    """Every session, login and ticket ends; the last mail says so. Raises NotFound when it was taken back.

    Part of patients.services.close_asked, which ends what the account could see of others, too.
    """
    rows = ClosingRequest.objects.filter(pk=request_id, done_at=None, taken_back_at=None)
    wish = rows.select_related("account").first()
    if wish is None or not rows.update(done_at=clock.now()):
        raise NotFound
    end_account(wish.account, state=Account.State.CLOSED, cause=OWNER, action="account.closed", by=by)
    notices.closed(account=wish.account)
    return wish.account
