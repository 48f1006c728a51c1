"""The owner of a locked account unlocks it: link in the mail -> code by text message -> unlocked (a setting)."""

from __future__ import annotations

from klisza.accounts import queries
from klisza.accounts.errors import LinkDead
from klisza.accounts.models import Login, Reset
from klisza.audit.actor import Actor
from klisza.base import clock

from . import codes, locking, login


def start_unlock(*, digest: str, source: str, by: Actor) -> tuple[Login, str]:
    """The button on the page behind the link: a code goes out, nothing else changes. Raises LinkDead."""
    link = queries.usable_unlock(digest)
    if link is None:
        raise LinkDead
    begun, key = login.begin(account=link.account, by=by, reset=link)
    login.send_first_code(login=begun, source=source, by=by)
    return begun, key


def finish_unlock(*, login: Login, typed: str, by: Actor) -> None:
    """Wrong codes count as at the login: five, and only support unlocks. It signs nobody in.

    Raises WrongCode, CodeDead, AccountLocked, LinkDead.
    """
    codes.enter_code(login=login, typed=typed, by=by)
    now = clock.now()
    open_links = Reset.objects.filter(login=login, used_at=None, superseded=False, expires_at__gt=now)
    if not open_links.update(used_at=now):
        raise LinkDead
    Login.objects.filter(pk=login.pk, finished_at=None).update(finished_at=now)
    locking.unlock(account=login.account, reason="the owner: link in the mail and code", by=by)
