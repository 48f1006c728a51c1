"""Somebody signed in shows to be still there, by a text message (the other ways need no row)."""

from __future__ import annotations

from klisza.accounts.models import Account, Login
from klisza.accounts.services import login
from klisza.audit.actor import Actor

CONFIRM = "confirm"


def begin_confirmation(*, account: Account, by: Actor) -> tuple[Login, str]:
    """Codes are bound to a row of logins and counted by its budgets; this one signs nobody in."""
    return login.begin(account=account, by=by, purpose=CONFIRM)
