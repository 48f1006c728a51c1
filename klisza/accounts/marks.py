"""Short digests that stand for an account where its id should not: in a page's head and in links of mails."""

from __future__ import annotations

from django.conf import settings

from klisza.base import sealing

from .models import Account

PARAMETER = "for"
DIGITS = 24  # 96 bits in hex: no secret, only never equal by chance


def of_page(account: Account) -> str:
    """Tells two windows of one browser that they belong to two accounts."""
    return sealing.digest(str(account.pk), purpose="account of a page")[:DIGITS]


def of_link(account: Account) -> str:
    """For whom a link in a mail was written; nobody can make one for somebody else, or read it."""
    return sealing.digest(str(account.pk), purpose="account of a link")[:DIGITS]


def link(account: Account, path: str) -> str:
    """The address for a mail to this account: it leads there after the login, and nobody else (S43)."""
    return f"{settings.PUBLIC_URL}{path}?{PARAMETER}={of_link(account)}"
