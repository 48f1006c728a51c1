"""Accounts for tests, and the outbox read the way its receiver reads it."""

from __future__ import annotations

import json
import re
from typing import Any

from django.contrib.auth.hashers import make_password
from django.test import Client

from klisza.accounts import clausetext
from klisza.accounts.models import Account, ClauseAcceptance
from klisza.audit.actor import Actor
from klisza.base import clock, ids, sealing
from klisza.notifications.models import Message

ANYBODY = Actor(kind="anonymous")
SOMEBODY = Actor(kind="staff", id="desk", role="registration")
PASSWORD = "sady kwitną w maju"
MOBILE = "+48600100200"
_hash: list[str] = []


def password_hash() -> str:
    """One argon2 for the whole run."""
    if not _hash:
        _hash.append(make_password(PASSWORD))
    return _hash[0]


def active_account(**fields: Any) -> Account:
    """An account in use, its owner has accepted the clause."""
    values = {
        "user_name": ids.readable(8),
        "state": Account.State.ACTIVE,
        "email": "ewa@example.org",
        "mobile": MOBILE,
        "password": password_hash(),
        "password_is_temporary": False,
        "password_changed_at": clock.now(),
        "created_at": clock.now(),
    }
    account = Account.objects.create(**{**values, **fields})
    ClauseAcceptance.objects.create(
        account=account,
        version=clausetext.current_version(),
        language="pl",
        sha256="0" * 64,
        accepted_at=clock.now(),
    )
    return account


def staff_account(**fields: Any) -> Account:
    return active_account(**{"kind": Account.Kind.STAFF, "user_name": "anna", "mobile": "", **fields})


def outbox(channel: str = "") -> list[dict[str, Any]]:
    """What lies in the outbox with its text, oldest first."""
    rows = Message.objects.order_by("created_at", "pk")
    rows = rows.filter(channel=channel) if channel else rows
    return [
        {**json.loads(sealing.unseal(bytes(row.sealed), purpose="outbox")), "kind": row.kind}
        for row in rows
        if row.sealed
    ]


def last_code() -> str:
    return re.search(r"#(\d+)$", outbox("sms")[-1]["text"]).group(1)


def wrong_code() -> str:
    """As long as the right one."""
    right = last_code()
    return f"{(int(right) + 1) % 10 ** len(right):0{len(right)}d}"


def temporary_password() -> str:
    return re.search(r"[2-9A-Z]{4}(-[2-9A-Z]{4}){3}", outbox("mail")[-1]["text"]).group(0)


def post_login(client: Client, user_name: str, password: str, source: str = "127.0.1.1", **data: str) -> Any:
    return client.post("/login/", {"user_name": user_name, "password": password, **data}, REMOTE_ADDR=source)


def sign_in(client: Client, account: Account) -> None:
    """Through every door, as the owner does."""
    post_login(client, account.user_name, PASSWORD)
    client.post("/login/code/", {"code": last_code()})
