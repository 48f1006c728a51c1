"""Signing in: name and password -> code -> clause -> own password -> list (manual, chapter 2).

A `Login` row is the state of one browser on this way; `queries.next_step` is the only place that knows the
order.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from klisza.accounts import queries
from klisza.accounts.errors import (
    AccountLocked,
    NoLogin,
    SignInElsewhere,
    TemporaryExpired,
    WrongPassword,
)
from klisza.accounts.models import Account, Login, Reset
from klisza.accounts.sentences import locked_sentence, suspended_sentence, wrong_sentence
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock, ids
from klisza.base.errors import TooMany

from . import alarms, codes, known, limits, locking, passwords
from .suspending import PUT_ASIDE

PURPOSES = {Reset.Purpose.RESET: "reset", Reset.Purpose.UNLOCK: "unlock"}
FAILURES_PER, NAMES_PER = timedelta(minutes=5), timedelta(minutes=10)

COUNT_TRY = """
UPDATE accounts_account SET wrong_passwords = wrong_passwords + 1
WHERE user_name IN (%s, %s) AND kind = %s AND state IN ('new', 'active') AND wrong_passwords < %s
  AND strangers_locked_at IS NULL
RETURNING id, password, password_is_temporary, wrong_passwords
"""


@dataclass(frozen=True)
class _Try:
    """What was found for a name, after every counter was raised."""

    name_tries: int  # since the name's last full login, known or not
    password: str = ""
    is_temporary: bool = False
    account_id: uuid.UUID | None = None  # only of an account that may sign in
    wrong_passwords: int = 0
    lock_cause: str = ""  # of a locked account


def enter_password(
    *, user_name: str, password: str, kind: str, source: str, by: Actor, device: str = ""
) -> tuple[Login, str]:
    """The first step. Returns the login under way and the random key that binds the browser to it.

    kind: the listener's: staff do not exist on the public one, nor patients on the staff one.
    source: the network the browser is in (source.network); it is asked before the account's counter is
    touched.
    device: the key of a browser that has signed in before; it has a count of its own (known.py).
    Always one argon2 and the same statements, whether the name exists, is locked or is somebody else's kind
    (R46).
    Raises TooMany, WrongPassword, AccountLocked, TemporaryExpired.
    """
    upper, lower = queries.spellings(user_name)
    mine = known.count_try(key=device, names=(upper, lower), kind=kind) if device else None
    if mine:
        return _from_known_device(mine, password, by)
    _ask_source(source, upper)
    found = _count(upper, lower, kind)
    right = passwords.matches(
        password, found.password or passwords.DUMMY_HASH, is_temporary=found.is_temporary
    )
    if not right:
        _fail(found, upper, source, by)
        raise AccountLocked(locked_sentence()) if _says_locked(found) else WrongPassword(wrong_sentence())
    if found.account_id is None:
        is_suspended = found.lock_cause in PUT_ASIDE
        raise AccountLocked(suspended_sentence() if is_suspended else locked_sentence())
    account = _succeed(found.account_id, upper, source)
    return _begin(account, by)


def _from_known_device(mine: known.Try, password: str, by: Actor) -> tuple[Login, str]:
    """The owner's own browser: neither the neighbours' wrong tries nor a stranger's lock stand before it."""
    account = mine.account
    if passwords.matches(password, account.password, is_temporary=account.password_is_temporary):
        return _begin(known.right(mine), by)
    is_last = mine.wrong_passwords >= settings.WRONG_PASSWORDS_PER_DEVICE
    with transaction.atomic():
        record("login.password_wrong", by=by, objects=[account], outcome="failed")
        alarms.count_failure()
        if is_last:
            locking.lock(account=account, cause=locking.PASSWORDS, by=by)
    raise AccountLocked(locked_sentence()) if is_last else WrongPassword(wrong_sentence())


def _ask_source(source: str, name: str) -> None:
    """One address gets ten wrong tries in five minutes and three names in ten, whatever the names (R47)."""
    is_new_name = not limits.used("name of source", f"{source}|{name}", per=NAMES_PER)
    if (
        is_new_name
        and limits.recent("names of source", source, per=NAMES_PER) >= settings.SOURCE_NAMES_PER_10_MINUTES
    ):
        raise _wait(NAMES_PER)
    limit = settings.SOURCE_FAILURES_PER_5_MINUTES
    if limits.take_sliding("failures of source", source, limit=limit, per=FAILURES_PER) is None:
        raise _wait(FAILURES_PER)


def _wait(per: timedelta) -> TooMany:
    seconds = limits.seconds_left(per)
    sentence = _(
        "There were too many wrong tries from your network. Please wait %(minutes)d "
        "min and try again. Your account is not locked by this."
    )
    return TooMany(sentence % {"minutes": -(-seconds // 60)}, retry_after=seconds)


@transaction.atomic
def _count(upper: str, lower: str, kind: str) -> _Try:
    tries = limits.count_name(upper)
    row = limits.returning(COUNT_TRY, [upper, lower, kind, settings.WRONG_PASSWORDS_BEFORE_LOCK])
    is_shut = Q(state=Account.State.LOCKED) | Q(strangers_locked_at__isnull=False)
    other = Account.objects.filter(is_shut, user_name__in=(upper, lower), kind=kind).first()
    if row:
        return _Try(tries, row[1], bool(row[2]), limits.as_uuid(row[0]), row[3])
    # The owner of a locked account is told so by the right password; guessing on ends where the lock text
    # begins.
    if other and tries <= settings.WRONG_PASSWORDS_BEFORE_LOCK:
        return _Try(tries, other.password, other.password_is_temporary, lock_cause=other.lock_cause)
    return _Try(tries)


def _says_locked(found: _Try) -> bool:
    """From the fifth wrong try on, and for names that do not exist just the same."""
    limit = settings.WRONG_PASSWORDS_BEFORE_LOCK
    return found.name_tries >= limit or found.wrong_passwords >= limit


@transaction.atomic
def _fail(found: _Try, name: str, source: str, by: Actor) -> None:
    if limits.take("name of source", f"{source}|{name}", limit=1_000_000, per=NAMES_PER) == 1:
        limits.take("names of source", source, limit=1_000_000, per=NAMES_PER)
    # A row that was not read again: the known name costs no statement more than the unknown one.
    account = Account(pk=found.account_id) if found.account_id else None
    record("login.password_wrong", by=by, objects=[account] if account else [], outcome="failed")
    alarms.count_failure()
    if account and found.wrong_passwords >= settings.WRONG_PASSWORDS_BEFORE_LOCK:
        locking.lock(account=account, cause=locking.PASSWORDS, by=by, spares_devices=True)


@transaction.atomic
def _succeed(account_id: uuid.UUID, name: str, source: str) -> Account:
    """The right password was no wrong try; earlier ones stay counted until a full login."""
    limits.give_back("failures of source", source, per=FAILURES_PER)
    limits.give_name_back(name)
    limits.returning(
        "UPDATE accounts_account SET wrong_passwords = wrong_passwords - 1 WHERE id ="
        " %s AND wrong_passwords > 0 "
        "RETURNING wrong_passwords",
        [account_id],
    )
    return Account.objects.get(pk=account_id)


def refuse_elsewhere(account: Account) -> None:
    """Who signs in at the hospital's provider is told so, by the right password or passkey only.

    Raises SignInElsewhere.
    """
    if not queries.signs_in_here(account):
        raise SignInElsewhere(_("This account signs in with the hospital account. Please use that button."))


def _begin(account: Account, by: Actor) -> tuple[Login, str]:
    refuse_elsewhere(account)
    if account.password_is_temporary and is_past(account.temporary_until):
        raise TemporaryExpired(
            _(
                "The temporary password has expired. Choose “Forgot your password?”: "
                "we will send you a new one."
            )
            if account.kind == Account.Kind.PATIENT
            else _("The temporary password has expired. Ask your administrator for a new one.")
        )
    return begin(account=account, by=by)


@transaction.atomic
def begin(*, account: Account, by: Actor, reset: Reset | None = None, purpose: str = "") -> tuple[Login, str]:
    """A login under way, after the password or a reset link was right; nothing is shown before its last
    step.

    purpose: given where neither of the two was entered (a passkey, a confirmation): the caller audits it.
    """
    key = ids.token()
    login = Login.objects.create(
        account=account,
        session_digest=queries.key_digest(key),
        started_at=clock.now(),
        epoch=account.session_epoch,
        reset=reset,
        purpose=purpose or (PURPOSES[Reset.Purpose(reset.purpose)] if reset else "login"),
    )
    if account.is_emergency and not settings.STAFF_LOCAL_LOGIN:
        record("login.emergency", by=by, objects=[account])
    if not purpose:
        record("login.link_ok" if reset else "login.password_ok", by=by, objects=[account])
    return login, key


def send_first_code(*, login: Login, source: str, by: Actor) -> None:
    """Right after the first step; with the budget used up, the code page says when to ask again."""
    if queries.next_step(login) != queries.CODE or not queries.wants_sms(login.account):
        return
    try:
        codes.send_code(login=login, source=source, by=by)
    except TooMany as later:
        Login.objects.filter(pk=login.pk, codes_sent=0).update(
            next_code_at=clock.now() + timedelta(seconds=later.retry_after)
        )


@transaction.atomic
def finish(*, login: Login, by: Actor) -> Account:
    """The end of all steps: a full login, which alone sets the wrong tries back to zero.

    Raises NoLogin when a step is missing or the login was finished before.
    """
    if queries.next_step(login) != queries.DONE:
        raise NoLogin
    if not Login.objects.filter(pk=login.pk, finished_at=None).update(finished_at=clock.now()):
        raise NoLogin
    account = login.account
    Account.objects.filter(pk=account.pk).update(wrong_passwords=0, wrong_codes=0)
    if account.strangers_locked_at is None:
        limits.forget_name(account.user_name.upper())
    record("login.ok", by=by, objects=[account])
    account.refresh_from_db()
    return account


@transaction.atomic
def abandon(*, login: Login, by: Actor) -> None:
    """The person does not go on ("Not now"): the account stays as it is."""
    Login.objects.filter(pk=login.pk, finished_at=None).update(finished_at=clock.now())
    record("login.abandoned", by=by, objects=[login.account])


def is_past(moment: datetime | None) -> bool:
    return moment is not None and moment <= clock.now()
