"""Short digests that stand for an account where its id should not: in a page's head and in links of mails."""

from __future__ import annotations

from klisza.base import sealing

from .models import Account

DIGITS = 24  # 96 bits in hex: no secret, only never equal by chance


def of_page(account: Account) -> str:
    """Tells two windows of one browser that they belong to two accounts."""
    return sealing.digest(str(account.pk), purpose="account of a page")[:DIGITS]


def of_link(account: Account) -> str:
    """For whom a link in a mail was written; nobody can make one for somebody else, or read it."""
    return sealing.digest(str(account.pk), purpose="account of a link")[:DIGITS]
