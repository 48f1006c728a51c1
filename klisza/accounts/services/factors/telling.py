"""Mails about second factors to the address on file: whoever adds or removes one does not do it unseen."""

from __future__ import annotations

from django.conf import settings

from klisza.accounts.models import Account, Factor
from klisza.base import clock
from klisza.notifications.services import enqueue_mail


def tell_added(factor: Factor) -> None:
    _mail(factor.account, "accounts/mail/factor_added", {"kind": factor.kind, "name": factor.name})


def tell_removed(factor: Factor) -> None:
    _mail(factor.account, "accounts/mail/factor_removed", {"kind": factor.kind, "name": factor.name})


def tell_recovery_used(account: Account, *, left: int) -> None:
    _mail(account, "accounts/mail/recovery_used", {"left": left})


def tell_reset(account: Account) -> None:
    _mail(account, "accounts/mail/factors_reset", {"is_staff": account.kind == Account.Kind.STAFF})


def _mail(account: Account, template: str, context: dict[str, object]) -> None:
    if not account.email:
        return
    enqueue_mail(
        to=account.email,
        language=account.language,
        template=template,
        kind="factor",
        account_id=account.pk,
        context={
            "at": clock.now(),
            "portal_name": settings.PORTAL_NAME,
            "support": {
                "email": settings.SUPPORT_EMAIL,
                "phone": settings.SUPPORT_PHONE,
                "hours": settings.SUPPORT_HOURS,
            },
            **context,
        },
    )
