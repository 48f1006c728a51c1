"""Text-message codes: few digits, so everything hangs on how often one may guess (docs/security/login.md)."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from klisza.accounts import queries
from klisza.accounts.errors import AccountLocked, BreakerTripped, CodeDead, NoLogin, NumberRefused, WrongCode
from klisza.accounts.models import Account, Alarm, Code, Login
from klisza.accounts.phones import normal_mobile
from klisza.accounts.sentences import locked_sentence
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock, sealing
from klisza.base.errors import TooMany
from klisza.notifications.services import enqueue_sms

from . import alarms, breaker, locking
from .limits import returning, seconds_left, take

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A text message that waited longer is dropped unsent: its reader has asked for another one by then.
UNSENT_LIFE = timedelta(seconds=60)
DIGITS_ONLY = str.maketrans("", "", " \u00a0-–.\u2060\u200b")

COUNT_SENT = """
UPDATE accounts_login SET codes_sent = codes_sent + 1
WHERE id = %s AND codes_sent < %s AND code_passed_at IS NULL AND finished_at IS NULL
  AND (next_code_at IS NULL OR next_code_at <= %s)
RETURNING codes_sent
"""
COUNT_TRY = """
UPDATE accounts_code SET tries = tries + 1
WHERE login_id = %s AND superseded = %s AND used_at IS NULL AND expires_at > %s AND tries < %s
RETURNING id, digest, digits
"""
COUNT_WRONG = """
UPDATE accounts_account SET wrong_codes = wrong_codes + 1
WHERE id = %s AND state IN ('new', 'active', %s) AND wrong_codes < %s
RETURNING wrong_codes
"""


def new_code(digits: int) -> str:
    """Every value equally likely, leading zeros kept (R45)."""
    return f"{secrets.randbelow(10**digits):0{digits}d}"


def digits_for(account: Account) -> int:
    """The first code is short, as the hospital promised. After a wrong try, and while an attack is under way,
    codes have at least six digits.
    """
    is_guarded = account.wrong_codes > 0 or any(alarm.kind == Alarm.Kind.LOGINS for alarm in queries.alarms())
    return settings.OTP_DIGITS_GUARDED if is_guarded else settings.OTP_DIGITS


def send_code(*, login: Login, source: str, by: Actor) -> None:
    """A new code for this login; the ones before it are dead.

    source: the network the browser is in (source.network).
    Counts against five budgets before anything is made: this login, the account's hour and day, the
    source's hour, everybody's hour.
    Raises TooMany with the seconds to wait; nothing is counted then.
    """
    if not queries.may_use_sms(login.account):
        raise NoLogin
    try:
        _send(login, source, by)
    except BreakerTripped:
        alarms.raise_alarm(Alarm.Kind.TEXTS)
        raise
    except NumberRefused:
        _note_refused(login, by)
        raise


@transaction.atomic
def _note_refused(login: Login, by: Actor) -> None:
    """patients' jobs make a task for the registration desk of it (R44)."""
    Account.objects.filter(pk=login.account_id).update(number_refused_at=clock.now())
    record("login.number_refused", by=by, objects=[login.account], outcome="refused")


@transaction.atomic
def _send(login: Login, source: str, by: Actor) -> None:
    row = returning(COUNT_SENT, [login.pk, settings.CODES_PER_LOGIN, clock.now()])
    if row is None:
        raise TooMany(_("No further code can be sent yet."), retry_after=_until_next(login))
    account = str(login.account_id)
    for what, value, limit, per in (
        ("codes of hour", account, settings.CODES_PER_HOUR, HOUR),
        ("codes of day", account, settings.CODES_PER_DAY, DAY),
        ("codes of source", source, settings.CODES_PER_SOURCE_HOUR, HOUR),
    ):
        if take(what, value, limit=limit, per=per) is None:
            raise TooMany(
                _("Too many codes were sent. Please try again later."), retry_after=seconds_left(per)
            )
    if not breaker.take_text():
        raise BreakerTripped(
            _("The portal cannot send codes at the moment. Please try again later, or contact support."),
            retry_after=seconds_left(HOUR),
        )
    _issue(login, sent=row[0], by=by)


def _issue(login: Login, *, sent: int, by: Actor) -> None:
    number = normal_mobile(login.account.mobile)
    if number is None:
        raise NumberRefused(
            _("The mobile number on file cannot receive codes. Please contact support."), retry_after=3600
        )
    login.account.refresh_from_db(fields=["wrong_codes"])
    now, digits = clock.now(), digits_for(login.account)
    code = new_code(digits)
    Code.objects.filter(login=login, superseded=False).update(superseded=True)
    Code.objects.create(
        login=login,
        digest=_digest(login, code),
        digits=digits,
        created_at=now,
        expires_at=now + settings.CODE_LIFE,
    )
    waits = settings.RESEND_WAITS_SECONDS
    login.codes_sent = sent
    login.next_code_at = now + timedelta(seconds=waits[sent - 1]) if sent <= len(waits) else None
    login.save(update_fields=["next_code_at"])
    enqueue_sms(
        to=number,
        text=message(code, purpose=login.purpose, language=login.account.language),
        kind="code",
        account_id=login.account_id,
        secret=True,
        expires_at=now + UNSENT_LIFE,
    )
    record("login.code_sent", by=by, objects=[login.account])


def message(code: str, *, purpose: str, language: str) -> str:
    """Names the portal, says "never tell anyone"; the last line lets a telephone fill the code in on our
    page only.
    """
    with translation.override(language):
        sentence = {
            "reset": _("%(portal)s: %(code)s is your code for the new password."),
            "unlock": _("%(portal)s: %(code)s is your code for unlocking the account."),
            "confirm": _("%(portal)s: %(code)s is your code to confirm that it is you."),
        }.get(purpose, _("%(portal)s: %(code)s is your code for signing in.")) % {
            "portal": settings.PORTAL_NAME,
            "code": code,
        }
        warning = _("Valid for %(minutes)d minutes. Never tell it to anyone.") % {
            "minutes": settings.CODE_LIFE.total_seconds() // 60
        }
    return f"{sentence} {warning}\n\n@{urlsplit(settings.PUBLIC_URL).hostname} #{code}"


def enter_code(*, login: Login, typed: str, by: Actor) -> None:
    """Compare a typed code; both counters are raised and committed before the comparison (R40, R41).

    Raises WrongCode, CodeDead or AccountLocked.
    """
    with transaction.atomic():
        found = returning(COUNT_TRY, [login.pk, False, clock.now(), settings.CODE_TRIES])
        wrong = _count(login, found[2]) if found else None
    if found is None or (wrong is None and _was_short(login)):
        _count_dead(login, by)
        raise CodeDead(_("This code is no longer valid. Please ask for a new one."))
    if wrong is None:
        raise AccountLocked(locked_sentence())
    if sealing.same(found[1], _digest(login, typed.translate(DIGITS_ONLY))):
        _pass(login, found[0], by)
    else:
        _fail(login, wrong[0], by)


def _count(login: Login, digits: int) -> tuple | None:
    """Short codes are compared three times between two full logins, whatever the number of logins begun."""
    is_short = digits < settings.OTP_DIGITS_GUARDED
    limit = settings.CODE_TRIES if is_short else settings.WRONG_CODES_BEFORE_LOCK
    unlocking = "locked" if login.purpose == "unlock" else "active"
    return returning(COUNT_WRONG, [login.account_id, unlocking, limit])


def _was_short(login: Login) -> bool:
    """Nothing is locked yet: the account has wrong codes left, but for longer codes only."""
    account = Account.objects.filter(
        pk=login.account_id, wrong_codes__lt=settings.WRONG_CODES_BEFORE_LOCK
    ).first()
    return account is not None and (account.is_active or login.purpose == "unlock")


@transaction.atomic
def _pass(login: Login, code_id: Any, by: Actor) -> None:
    now = clock.now()
    # Login first, then code: the order in which send_code locks them.
    passed = Login.objects.filter(pk=login.pk, code_passed_at=None, finished_at=None).update(
        code_passed_at=now, passed_by=queries.SMS
    )
    used = Code.objects.filter(pk=code_id, used_at=None, superseded=False).update(used_at=now)
    if not (used and passed):
        raise CodeDead(_("This code is no longer valid. Please ask for a new one."))
    returning(
        "UPDATE accounts_account SET wrong_codes = wrong_codes - 1 WHERE id = %s AND "
        "wrong_codes > 0 RETURNING wrong_codes",
        [login.account_id],
    )
    login.code_passed_at, login.passed_by = now, queries.SMS
    record("login.code_ok", by=by, objects=[login.account])


def _fail(login: Login, wrong_in_all: int, by: Actor) -> None:
    with transaction.atomic():
        record("login.code_wrong", by=by, objects=[login.account], outcome="failed")
        alarms.count_failure()
        if wrong_in_all >= settings.WRONG_CODES_BEFORE_LOCK:
            locking.lock(account=login.account, cause=locking.CODES, by=by)
    if wrong_in_all >= settings.WRONG_CODES_BEFORE_LOCK:
        raise AccountLocked(locked_sentence())
    newest = Code.objects.filter(login=login, superseded=False).values_list("tries", flat=True).first() or 0
    if newest >= settings.CODE_TRIES:
        raise CodeDead(_("That code was wrong three times and is no longer valid. Please ask for a new one."))
    raise WrongCode(_("This code is not right. Please check the newest text message and try again."))


@transaction.atomic
def _count_dead(login: Login, by: Actor) -> None:
    record("login.code_dead", by=by, objects=[login.account], outcome="refused")


def _digest(login: Login, code: str) -> str:
    """Bound to the login: the same digits in another login have another digest (R43)."""
    return sealing.digest(f"{login.pk}|{code}", purpose="sms code")


def _until_next(login: Login) -> int:
    login.refresh_from_db(fields=["next_code_at", "codes_sent"])
    if login.next_code_at is None:
        return int(settings.LOGIN_LIFE.total_seconds())
    return max(1, int((login.next_code_at - clock.now()).total_seconds()) + 1)


def can_send(account: Account) -> bool:
    return normal_mobile(account.mobile) is not None
