"""Forgotten password: name -> always the same page -> mail with a link -> code -> new password (manual,
M8.2-M8.6).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from klisza.accounts import queries
from klisza.accounts.errors import LinkDead
from klisza.accounts.models import Account, Login, Reset, ResetRequest
from klisza.audit.actor import SYSTEM, Actor
from klisza.audit.services import record
from klisza.base import clock, ids, sealing
from klisza.base.errors import TooMany
from klisza.notifications.services import enqueue_mail

from . import contact, limits, login, provision

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_AT_ONCE = 50


def ask_for_reset(*, user_name: str, source: str, by: Actor) -> None:
    """Only notes the wish: the worker looks the name up, so answer and time cannot depend on it (R46).

    Raises TooMany when this network has asked too often.
    """
    _ask("password", queries.spellings(user_name)[0], source, by)


def ask_for_names(*, email: str, source: str, by: Actor) -> None:
    """The same for a forgotten user name (M8.4). Raises TooMany."""
    _ask("names", email.strip()[:254], source, by)


def _ask(wish: str, text: str, source: str, by: Actor) -> None:
    if limits.take("resets of source", source, limit=settings.RESETS_PER_SOURCE_HOUR, per=HOUR) is None:
        seconds = limits.seconds_left(HOUR)
        sentence = _(
            "There were too many requests from your network. Please wait %(minutes)d min and try again."
        )
        raise TooMany(sentence % {"minutes": -(-seconds // 60)}, retry_after=seconds)
    with transaction.atomic():
        sealed = sealing.seal(text.encode(), purpose="reset request")
        ResetRequest.objects.create(wish=wish, sealed=sealed, created_at=clock.now())
        record("password.reset_asked" if wish == "password" else "account.names_asked", by=by)


def answer_requests() -> int:
    """The worker's part: one mail for each name that exists, within three an hour and five a day."""
    waiting = list(ResetRequest.objects.filter(done_at=None).order_by("created_at")[:MOST_AT_ONCE])
    for request in waiting:
        # First marked, then answered: a request whose answer kills the worker is not repeated for ever.
        if ResetRequest.objects.filter(pk=request.pk, done_at=None).update(done_at=clock.now(), sealed=b""):
            text = sealing.unseal(bytes(request.sealed), purpose="reset request").decode()
            if request.wish == "names":
                _tell_names(text)
            else:
                _answer(queries.by_user_name(text, kind=Account.Kind.PATIENT))
    return len(waiting)


def _tell_names(email: str) -> None:
    """One mail with all user names of the address and no patient's name: a family may share it (R12)."""
    accounts = queries.by_email(email)
    if not accounts or not _has_budget(email.casefold()):
        return
    first = accounts[0]
    enqueue_mail(
        to=first.email,
        language=first.language,
        template="accounts/mail/names",
        kind="names",
        account_id=None,
        secret=True,
        context={
            "names": [account.user_name for account in accounts],
            "address": f"{settings.PUBLIC_URL}/login/",
            **_place(),
        },
    )


def _answer(account: Account | None) -> None:
    if account is None or not account.email or account.state == Account.State.CLOSED:
        return
    if not _has_budget(str(account.pk)):
        return
    if account.state == Account.State.NEW:
        provision.reissue(account=account, by=SYSTEM)  # M8.5: the order of first login is kept
    elif account.is_locked:
        _mail(account, "accounts/mail/reset_locked", {"since": account.locked_at})  # M8.6: no link
    elif contact.is_cooling(account):  # R13
        _mail(account, "accounts/mail/reset_cooling", {"since": account.contact_changed_at})
    else:
        _send_link(account)


def _has_budget(whose: str) -> bool:
    budgets = (
        ("resets of hour", settings.RESETS_PER_HOUR, HOUR),
        ("resets of day", settings.RESETS_PER_DAY, DAY),
    )
    return all(limits.take(what, whose, limit=limit, per=per) is not None for what, limit, per in budgets)


@transaction.atomic
def _send_link(account: Account) -> None:
    now, token = clock.now(), ids.token()
    mine = Reset.objects.filter(account=account, purpose=Reset.Purpose.RESET, used_at=None)
    mine.update(superseded=True)
    reset = Reset.objects.create(
        account=account,
        digest=queries.reset_digest(token),
        created_at=now,
        expires_at=now + settings.RESET_LIFE,
    )
    record("password.reset_sent", by=SYSTEM, objects=[account, reset])
    # Never from the request's Host header (R48): the setting is the only address we know.
    link = settings.PUBLIC_URL + reverse("accounts:reset-link", args=[token])
    _mail(account, "accounts/mail/reset", {"link": link}, expires_at=reset.expires_at)


def _mail(
    account: Account, template: str, context: dict[str, object], *, expires_at: datetime | None = None
) -> None:
    enqueue_mail(
        to=account.email,
        language=account.language,
        template=template,
        kind="reset",
        account_id=account.pk,
        secret=True,
        expires_at=expires_at,
        context={**_place(), **context},
    )


def _place() -> dict[str, object]:
    support = {
        "email": settings.SUPPORT_EMAIL,
        "phone": settings.SUPPORT_PHONE,
        "hours": settings.SUPPORT_HOURS,
    }
    return {"portal_name": settings.PORTAL_NAME, "support": support}


def start_reset(*, digest: str, source: str, by: Actor) -> tuple[Login, str]:
    """The button on the page behind the link: a code goes out; the link itself is used up by the new
    password.

    digest: of the token, as queries.reset_digest makes it. Raises LinkDead.
    """
    reset = queries.usable_reset(digest)
    if reset is None or reset.account.state != Account.State.ACTIVE or reset.account.strangers_locked_at:
        raise LinkDead
    if contact.is_cooling(reset.account):
        raise LinkDead
    begun, key = login.begin(account=reset.account, by=by, reset=reset)
    login.send_first_code(login=begun, source=source, by=by)
    return begun, key
