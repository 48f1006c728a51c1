"""Kept running by farm.py: people and moments that would take long to reach through the pages."""

from __future__ import annotations

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klisza.config.settings")
django.setup()
# ruff: noqa: E402

from klisza.accounts import services
from klisza.accounts.models import Account, Code, ContactChange
from klisza.accounts.services import codes, contact
from klisza.audit.actor import Actor
from klisza.base import ids
from tests.accounts.people import SOMEBODY, active_account


def accounts(number: int, fields: dict[str, str]) -> list[dict[str, str]]:
    made = []
    for _account in range(number):
        digits = f"{int.from_bytes(os.urandom(4)) % 10**6:06d}"
        values = {"mobile": f"+48600{digits}", "email": f"{ids.readable(10).lower()}@example.org", **fields}
        account = active_account(**values)
        made.append(
            {
                "user_name": account.user_name,
                "mobile": account.mobile,
                "email": account.email,
                "id": str(account.pk),
            }
        )
    return made


def happen(event: str, user_name: str) -> dict[str, str]:
    account = Account.objects.get(user_name=user_name)
    if event == "lock":
        services.lock(account=account, cause="staff", by=SOMEBODY)
    elif event == "unlock":
        services.unlock(account=account, reason="test", by=SOMEBODY)
    elif event == "close":
        remaining = active_account()
        services.close_for(account=account, remaining=remaining, by=SOMEBODY)
    account.refresh_from_db()
    return {"state": account.state}


def set_code(user_name: str, code: str) -> dict[str, str]:
    """As if chance had drawn this one."""
    newest = Code.objects.filter(login__account__user_name=user_name, superseded=False).latest("created_at")
    newest.digest = codes._digest(newest.login, code)
    newest.save(update_fields=["digest"])
    return {}


DESK = Actor(kind="staff", id="desk", role="registration")


def ask_move(user_name: str, mobile: str) -> dict[str, str]:
    """The desk has seen the document; a code goes to the new telephone."""
    account = Account.objects.get(user_name=user_name)
    change = contact.ask(
        account=account, channel="sms", address=mobile, origin="desk", document="passport, 1234", by=DESK
    )
    return {"change": str(change.pk)}


def confirm_move(change: str, code: str) -> dict[str, str]:
    """It is read back at the desk."""
    contact.confirm(change=ContactChange.objects.get(pk=change), typed=code, by=DESK)
    return {}


def answer(verb: str, *rest: str) -> object:
    if verb == "accounts":
        return accounts(int(rest[0]), json.loads(rest[1]))
    verbs = {"ask_move": ask_move, "confirm_move": confirm_move, "code": set_code}
    return verbs[verb](*rest) if verb in verbs else happen(verb, rest[0])


if __name__ == "__main__":
    for line in sys.stdin:  # a list of strings each, until the farm closes the pipe
        print(json.dumps(answer(*json.loads(line))), flush=True)
