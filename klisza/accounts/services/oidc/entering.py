"""The login that follows a proven identity: it goes on through `queries.next_step` like every other."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.db import transaction

from klisza.accounts import queries
from klisza.accounts.errors import AccountLocked, NoLogin
from klisza.accounts.models import Account, Login
from klisza.accounts.sentences import locked_sentence, suspended_sentence
from klisza.accounts.services import known, passwords, revocation
from klisza.accounts.services.login import begin
from klisza.accounts.services.suspending import PUT_ASIDE
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock

from .handover import Proven


def enter(*, account: Account, proven: Proven, is_second_factor: bool, by: Actor) -> tuple[Login, str]:
    """Returns what enter_password returns. is_second_factor: nothing more is asked for after this.

    What strangers locked is open to the owner, whose identity no stranger can guess; every other lock stays.
    Raises AccountLocked.
    """
    with transaction.atomic():
        known.owner_is_back(account)
        if account.is_active:
            return _begin(account, proven, is_second_factor, by)
        record("login.provider_refused", by=by, objects=[account], outcome="refused", reason=account.state)
    is_suspended = account.lock_cause in PUT_ASIDE or account.state == Account.State.CLOSED
    raise AccountLocked(suspended_sentence() if is_suspended else locked_sentence())


def _begin(account: Account, proven: Proven, is_second_factor: bool, by: Actor) -> tuple[Login, str]:
    login, key = begin(account=account, by=by, purpose="login")
    if is_second_factor:
        # A provider that does not say when it asked may have asked long ago: no fresh factor (T-102).
        login.code_passed_at = proven.asked_at or clock.now() - settings.FRESH_LIFE
        login.passed_by = queries.PROVIDER
        login.save(update_fields=["code_passed_at", "passed_by"])
    # Whose identity is proved acts under the account's id: the owner reads it in the own log.
    kind = "staff" if account.kind == Account.Kind.STAFF else "account"
    record("login.provider_ok", by=replace(by, kind=kind, id=str(account.pk)), objects=[account])
    return login, key


@transaction.atomic
def go_without_password(*, login: Login, by: Actor) -> None:
    """The owner signs in by the provider and wants no password: the temporary one is dead, none takes its place.

    "Forgot your password?" makes one at any time. Raises NoLogin.
    """
    if not queries.may_go_without_password(login):
        raise NoLogin
    account = login.account
    changed = Account.objects.filter(pk=account.pk, session_epoch=account.session_epoch).update(
        password=passwords.unusable(),
        password_is_temporary=False,
        temporary_until=None,
        password_changed_at=clock.now(),
        state=Account.State.ACTIVE,
        session_epoch=account.session_epoch + 1,
    )
    if not changed:
        raise NoLogin
    revocation.revoke(subject=str(account.pk))
    Login.objects.filter(pk=login.pk).update(epoch=account.session_epoch + 1)
    record("password.declined", by=by, objects=[account])
    login.refresh_from_db()
    account.refresh_from_db()
