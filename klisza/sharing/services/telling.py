"""The messages of a share. None of them says what was examined, or, to a stranger, whose it is."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.debug import sensitive_variables

from klisza.accounts.models import Account
from klisza.base import clock
from klisza.notifications.models import Message
from klisza.notifications.services import enqueue_mail, enqueue_sms
from klisza.patients import queries as patients
from klisza.sharing.models import Share

GUEST_KIND = "share"  # bounces of these are shown to the owner, not to the desk


@sensitive_variables("token")
def send_link(share: Share, token: str) -> Message:
    return enqueue_mail(
        to=share.email,
        language=share.language,
        template="sharing/mail/link",
        kind=GUEST_KIND,
        secret=True,
        expires_at=share.expires_at,
        context=_about(share) | {"link": link(token)},
    )


@sensitive_variables("pin")
def send_pin(share: Share, pin: str) -> Message | None:
    """In a message of its own, a minute after the link has left; None when the owner tells it."""
    if share.pin_way == "self":
        return None
    context = _about(share) | {"pin": pin}
    if share.pin_way == "sms":
        with translation.override(share.language):
            text = render_to_string("sharing/mail/pin_sms.txt", context).strip()
        return enqueue_sms(
            to=share.mobile, text=text, kind=GUEST_KIND, secret=True, expires_at=share.expires_at,
            after=_unsent_or_sent(share),
        )  # fmt: skip
    return enqueue_mail(
        to=share.email, language=share.language, template="sharing/mail/pin", kind=GUEST_KIND, secret=True,
        expires_at=share.expires_at, context=context, after=_unsent_or_sent(share),
    )  # fmt: skip


def _unsent_or_sent(share: Share) -> Message | None:
    return share.link_message


def link(token: str) -> str:
    return f"{settings.PUBLIC_URL}/s/{token}/"


def tell_owner(share: Share, news: str, **more: Any) -> None:
    """news: opened | extended | closed_by_pins | not_mine | longer | note | new_pin | bounced."""
    account = owner(share)
    if account is None:
        return
    tell_account(account, news, share=share, **more)


def owner(share: Share) -> Account | None:
    """Whoever shared, if mail reaches them; of a slip of the desk the person."""
    account = share.account if share.grant_id else patients.account_of(patients.survivor(share.patient))
    usable = account is not None and account.email and account.state == Account.State.ACTIVE
    return account if usable else None


def tell_account(account: Account, news: str, *, share: Share | None = None, **more: Any) -> None:
    enqueue_mail(
        to=account.email,
        language=account.language,
        template="sharing/mail/owner",
        kind="shares",
        account_id=account.pk,
        context={
            "news": news,
            "user_name": account.user_name,
            "portal_name": settings.PORTAL_NAME,
            "address": f"{settings.PUBLIC_URL}/shares/",
            "share": share,
            "until": share.expires_at.astimezone(clock.local_zone()) if share else None,
            "unit": share.unit.name if share and share.unit_id and share.unit else "",
            **more,
        },
    )


def _about(share: Share) -> dict[str, Any]:
    return {
        "portal_name": settings.PORTAL_NAME,
        "hospital_name": settings.HOSPITAL_NAME,
        "until": share.expires_at.astimezone(clock.local_zone()),
        "pin_way": share.pin_way,
    }
