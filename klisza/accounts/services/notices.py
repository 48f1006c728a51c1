"""Mails that tell owners what happened to their account, so that a stranger does not stay unnoticed (T-49)."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from klisza.accounts import marks
from klisza.accounts.models import Account
from klisza.audit.actor import Actor
from klisza.base import clock
from klisza.notifications.services import enqueue_mail


def new_device(*, account: Account, by: Actor) -> None:
    """A full login in a browser that was never seen, when others were: in the caller's transaction."""
    _tell(account, "new_device", {"client": by.client, "at": clock.now(), "address": _devices(account)})


def password_changed(*, account: Account, at: datetime, by: Actor) -> None:
    _tell(account, "password_changed", {"client": by.client, "at": at})


def closing_asked(*, account: Account, due_at: datetime) -> None:
    address = marks.link(account, reverse("accounts:close"))
    _tell(account, "closing_asked", {"due_at": due_at, "address": address})


def closed(*, account: Account) -> None:
    _tell(account, "closed", {"at": clock.now()})


def _devices(account: Account) -> str:
    path = reverse("accounts:devices")
    if account.kind == Account.Kind.STAFF:
        return f"{settings.STAFF_URL}{path}"
    return marks.link(account, path)


def _tell(account: Account, name: str, facts: dict[str, object]) -> None:
    if not account.email:
        return
    enqueue_mail(
        to=account.email,
        language=account.language,
        template=f"accounts/mail/{name}",
        kind="password" if name == "password_changed" else "security",
        account_id=account.pk,
        context={
            **facts,
            "portal_name": settings.PORTAL_NAME,
            "support": {
                "email": settings.SUPPORT_EMAIL,
                "phone": settings.SUPPORT_PHONE,
                "hours": settings.SUPPORT_HOURS,
            },
        },
    )
