"""Setting an own password: at the first login, after a reset link, and from the name menu (manual, M2.5,
M8.1, M8.2).
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from klisza.accounts import queries
from klisza.accounts.errors import AccountLocked, LinkDead, NoLogin, WeakPassword, WrongPassword
from klisza.accounts.models import Account, Login, Reset
from klisza.accounts.sentences import locked_sentence
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock

from . import locking, notices, passwords, revocation
from .limits import returning

COUNT_OLD = """
UPDATE accounts_account SET wrong_passwords = wrong_passwords + 1
WHERE id = %s AND state = 'active' AND wrong_passwords < %s
RETURNING password, wrong_passwords
"""


def set_own_password(*, login: Login, raw: str, by: Actor) -> None:
    """The last step of the first login, or of a reset link, which is used up here and nowhere else.

    Every other session and login of the account ends. Raises NoLogin, WeakPassword, LinkDead.
    """
    if queries.next_step(login) != queries.PASSWORD:
        raise NoLogin
    account = login.account
    text = passwords.check(raw, account=account)
    if account.password_is_temporary and passwords.matches(raw, account.password, is_temporary=True):
        raise WeakPassword(
            _("This is the temporary password from the e-mail. Please choose one of your own.")
        )
    encoded = passwords.hashed(text, is_temporary=False)
    with transaction.atomic():
        if login.reset_id and not _use_up(login.reset_id):
            raise LinkDead
        _store(account, encoded, is_reset=bool(login.reset_id), by=by)
        # This login goes on under the new epoch; it needs the password no more.
        Login.objects.filter(pk=login.pk).update(epoch=account.session_epoch, purpose="login")
    login.refresh_from_db()


def change_password(*, account: Account, old: str, new: str, by: Actor) -> None:
    """From the name menu. A wrong old password counts like one at the login: five lock the account.

    Raises WrongPassword, AccountLocked, WeakPassword. The caller renews its own session.
    """
    with transaction.atomic():
        row = returning(COUNT_OLD, [account.pk, settings.WRONG_PASSWORDS_BEFORE_LOCK])
    if row is None:
        raise AccountLocked(locked_sentence())
    if not passwords.matches(old, row[0], is_temporary=False):
        _count_wrong(account, row[1], by)
    with transaction.atomic():
        returning(
            "UPDATE accounts_account SET wrong_passwords = wrong_passwords - 1 WHERE "
            "id = %s AND wrong_passwords > 0 "
            "RETURNING wrong_passwords",
            [account.pk],
        )
    text = passwords.check(new, account=account)
    encoded = passwords.hashed(text, is_temporary=False)
    with transaction.atomic():
        _store(account, encoded, is_reset=True, by=by)


def _count_wrong(account: Account, wrong: int, by: Actor) -> None:
    is_last = wrong >= settings.WRONG_PASSWORDS_BEFORE_LOCK
    with transaction.atomic():
        record("password.old_wrong", by=by, objects=[account], outcome="failed")
        if is_last:
            locking.lock(account=account, cause=locking.PASSWORDS, by=by)
    if is_last:
        raise AccountLocked(locked_sentence())
    raise WrongPassword(_("The old password is not right."))


def _use_up(reset_id: UUID) -> bool:
    used = Reset.objects.filter(pk=reset_id, used_at=None, superseded=False, expires_at__gt=clock.now())
    return bool(used.update(used_at=clock.now()))


def _store(account: Account, encoded: str, *, is_reset: bool, by: Actor) -> None:
    """In the caller's transaction. A mail tells the owner, unless this is the first password of all."""
    now = clock.now()
    changed = Account.objects.filter(
        pk=account.pk,
        state__in=(Account.State.NEW, Account.State.ACTIVE),
        session_epoch=account.session_epoch,
    ).update(
        password=encoded,
        password_is_temporary=False,
        temporary_until=None,
        password_changed_at=now,
        state=Account.State.ACTIVE,
        session_epoch=F("session_epoch") + 1,
    )
    if not changed:
        raise NoLogin
    Reset.objects.filter(account=account, used_at=None).update(superseded=True)
    account.refresh_from_db()
    revocation.revoke(subject=str(account.pk))
    record("password.changed", by=by, objects=[account])
    if is_reset:
        notices.password_changed(account=account, at=now, by=by)
