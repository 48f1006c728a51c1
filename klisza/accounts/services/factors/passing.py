"""A second factor was right: the login under way goes on, or somebody signed in has shown to be still there."""

from __future__ import annotations

from klisza.accounts.errors import NoLogin
from klisza.accounts.models import Account, Login
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock


def passed(account: Account, *, login: Login | None, way: str, by: Actor) -> None:
    """In the caller's transaction. Raises NoLogin when the login was finished or passed meanwhile."""
    if login is not None:
        now = clock.now()
        waiting = Login.objects.filter(pk=login.pk, code_passed_at=None, finished_at=None)
        if not waiting.update(code_passed_at=now, passed_by=way):
            raise NoLogin
        login.code_passed_at, login.passed_by = now, way
    record(f"login.{way}_ok" if login else "factor.confirmed", by=by, objects=[account], reason=way)
