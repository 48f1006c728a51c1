"""Accounts that have second factors, for tests."""

from __future__ import annotations

import pyotp

from klisza.accounts import services
from klisza.accounts.models import Account
from klisza.accounts.services.factors import totp
from klisza.base import clock

from .authenticator import Authenticator
from .people import ANYBODY


def with_app(account: Account) -> tuple[str, list[str]]:
    """Adds an authenticator app; returns its secret and the recovery codes.

    It has shown its first code a minute ago, so that the code of now is a new one.
    """
    services.begin_app(account=account)
    pending = account.factors.get(confirmed_at=None)
    secret = totp.setup(pending).secret.replace(" ", "")
    codes = services.confirm_app(
        account=account, typed=code_of(secret), name="telefon", login=None, by=ANYBODY
    )
    account.factors.filter(pk=pending.pk).update(last_step=0)
    account.refresh_from_db()
    return secret, codes


def code_of(secret: str, *, steps: int = 0) -> str:
    """What the app shows now, or some steps of 30 seconds away."""
    return pyotp.TOTP(secret).at(clock.now(), counter_offset=steps)


def wrong_code_of(secret: str) -> str:
    near = {code_of(secret, steps=steps) for steps in range(-3, 4)}
    return next(f"{number:06d}" for number in range(10) if f"{number:06d}" not in near)


def with_passkey(account: Account, key: Authenticator | None = None) -> Authenticator:
    key = key or Authenticator()
    options, challenge = services.begin_adding(account=account)
    services.add_passkey(
        account=account,
        challenge_id=challenge,
        answer=key.make(options),
        name="klucz",
        login=None,
        by=ANYBODY,
    )
    account.refresh_from_db()
    return key
