"""Delivery addresses as pages show them: enough to recognise one's own, never whole."""

from __future__ import annotations

from .models import Account
from .phones import tail


def masked_email(account: Account) -> str:
    """'a***@example.org': enough to recognise it."""
    name, _, place = account.email.partition("@")
    return f"{name[:1]}***@{place}" if place else ""


def masked_mobile(account: Account) -> str:
    return f"*** *** {tail(account.mobile)}" if account.mobile else ""
