"""An account as the desk sees it: state in words, addresses masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from klisza.accounts import masking
from klisza.accounts import queries as accounts
from klisza.accounts.models import Account, Factor
from klisza.accounts.services import GUARDIAN
from klisza.base import clock
from klisza.console.queries import desk as queries
from klisza.notifications.models import Message
from klisza.notifications.services import can_send_again

from . import words


@dataclass(frozen=True)
class AccountCard:
    """tone: ok | wait | warn, for the badge. notes: what it means and what to do. closes_at: as its owner asked."""

    account: Account
    state: str
    tone: str
    notes: list[str]
    email: str
    mobile: str
    mail: str
    text: str
    factors: list[str]
    closes_at: datetime | None
    can_unlock: bool
    can_reissue: bool
    can_send_link: bool
    can_reset_factors: bool
    needs_own_contact: bool
    has_slip: bool


def account_card(account: Account, *, speaks: bool = True) -> AccountCard:
    """speaks: it is the one that counts for the person; slip, contact data and factors are that one's."""
    state, tone = _state(account)
    wish = accounts.closing_request(account)
    is_guardians = account.lock_cause == GUARDIAN
    return AccountCard(
        account=account,
        state=state,
        tone=tone,
        notes=_notes(account),
        email=masking.masked_email(account),
        mobile=masking.masked_mobile(account),
        mail=_delivery(queries.last_mail(account), with_kind=True),
        text=_delivery(queries.last_text(account)),
        factors=_factors(account),
        closes_at=wish.due_at if wish else None,
        can_unlock=account.is_locked and not is_guardians,
        can_reissue=account.state == Account.State.NEW,
        can_send_link=account.state == Account.State.ACTIVE and not account.is_locked,
        can_reset_factors=speaks and account.state != Account.State.CLOSED and accounts.has_factor(account),
        needs_own_contact=speaks and is_guardians,
        has_slip=speaks and account.state != Account.State.CLOSED and not is_guardians,
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


def account_state(account: Account) -> tuple[str, str]:
    """In a few words, and the tone of the badge."""
    return _state(account)


def _state(account: Account) -> tuple[str, str]:
    if account.state == Account.State.LOCKED:
        return _("Locked"), "warn"
    if account.state == Account.State.CLOSED:
        return _("Closed"), "warn"
    if account.is_locked:
        return _("In use; locked everywhere but in the patient's own browser"), "warn"
    if account.state == Account.State.ACTIVE:
        return _("In use"), "ok"
    if _has_expired(account):
        return _("Never used; the temporary password has expired"), "warn"
    return _("Waiting for the first login"), "wait"


def _has_expired(account: Account) -> bool:
    return account.temporary_until is not None and account.temporary_until < clock.now()


def _notes(account: Account) -> list[str]:
    notes = []
    if account.is_locked or account.lock_cause:
        notes.append(words.word(words.LOCKED, account.lock_cause or "passwords"))
    elif account.state == Account.State.CLOSED:
        notes.append(_("It was closed as its owner wished."))
    if account.state == Account.State.NEW:
        notes.append(
            _("The person has never logged in. A new temporary password goes out with the button below.")
            if _has_expired(account)
            else _("The person has never logged in. The temporary password was sent by e-mail.")
        )
    last = queries.last_mail(account)
    if last and last.bounced_at:
        notes.append(_("The last mail came back: ask for the right e-mail address."))
    return notes


def _delivery(message: Message | None, *, with_kind: bool = False) -> str:
    if message is None:
        return _("none on record")
    state = "bounced" if message.bounced_at else message.state
    at = message.bounced_at or message.finished_at or message.created_at
    what = words.word(words.DELIVERIES, state) % {
        "at": f"{at.astimezone(clock.local_zone()):%d.%m.%Y, %H:%M}"
    }
    return f"{words.word(words.MESSAGES, message.kind)}: {what}" if with_kind else what


def _factors(account: Account) -> list[str]:
    kinds = list(accounts.factors(account).values_list("kind", flat=True))
    passkeys, apps, left = (
        kinds.count(Factor.Kind.PASSKEY),
        kinds.count(Factor.Kind.TOTP),
        accounts.recovery_left(account),
    )
    lines = []
    if passkeys:
        lines.append(ngettext("%(n)d passkey", "%(n)d passkeys", passkeys) % {"n": passkeys})
    if apps:
        lines.append(ngettext("%(n)d authenticator app", "%(n)d authenticator apps", apps) % {"n": apps})
    if kinds:
        lines.append(ngettext("%(n)d recovery code left", "%(n)d recovery codes left", left) % {"n": left})
    if accounts.may_use_sms(account):
        lines.append(_("codes by text message"))
    return lines
