"""An account as the desk sees it: state in words, addresses masked."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from klisza.accounts import masking
from klisza.accounts.models import Account
from klisza.base import clock
from klisza.notifications.models import Message
from klisza.notifications.services import can_send_again

from . import words


@dataclass(frozen=True)
class AccountCard:
    """tone: ok | wait | warn, for the badge."""

    account: Account
    state: str
    tone: str
    email: str
    mobile: str
    can_unlock: bool
    can_reissue: bool


def account_card(account: Account) -> AccountCard:
    state, tone = _state(account)
    return AccountCard(
        account=account,
        state=state,
        tone=tone,
        email=masking.masked_email(account),
        mobile=masking.masked_mobile(account),
        can_unlock=account.is_locked,
        can_reissue=account.state == Account.State.NEW,
    )


@dataclass(frozen=True)
class Undelivered:
    """can_send: its text is still here, and the account is in use."""

    message: Message
    what: str
    way: str
    why: str
    can_send: bool


def undelivered(message: Message, account: Account) -> Undelivered:
    came_back = message.bounced_at is not None
    return Undelivered(
        message=message,
        what=words.word(words.MESSAGES, message.kind),
        way=words.word(words.CHANNELS, message.channel),
        why=_("came back") if came_back else _("could not be sent"),
        can_send=account.state != Account.State.CLOSED and can_send_again(message),
    )


def _state(account: Account) -> tuple[str, str]:
    if account.state == Account.State.LOCKED:
        return _("Locked"), "warn"
    if account.state == Account.State.CLOSED:
        return _("Closed"), "warn"
    if account.is_locked:
        return _("In use; locked everywhere but in the patient's own browser"), "warn"
    if account.state == Account.State.ACTIVE:
        return _("In use"), "ok"
    if account.temporary_until and account.temporary_until < clock.now():
        return _("Never used; the temporary password has expired"), "warn"
    return _("Waiting for the first login"), "wait"
