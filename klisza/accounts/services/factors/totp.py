"""Codes of an authenticator app (RFC 6238): six digits, 30 seconds, one step of drift, no step twice."""

from __future__ import annotations

from dataclasses import dataclass

import pyotp
import segno
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from klisza.accounts import queries
from klisza.accounts.errors import AccountLocked, NoLogin
from klisza.accounts.models import Account, Factor, Login
from klisza.accounts.services.limits import returning
from klisza.audit.actor import Actor
from klisza.base import clock, sealing

from . import guessing, keeping, passing

PURPOSE = "totp secret"
DIGITS_ONLY = str.maketrans("", "", " \u00a0-–.\u2060\u200b")
# A code counts once: its step must be later than the last one that was accepted.
USE_STEP = """
UPDATE accounts_factor SET last_step = %s, last_used_at = %s WHERE id = %s AND last_step < %s RETURNING id
"""


@dataclass(frozen=True)
class Setup:
    """What the page shows once: as a picture for the telephone's camera, and as text to type."""

    factor: Factor
    secret: str  # in groups of four
    uri: str
    picture: str  # a data: address of an SVG


def begin_app(*, account: Account) -> None:
    """A fresh secret, sealed; one that was begun before and never confirmed is dead. Nothing changes yet."""
    secret = pyotp.random_base32()
    with transaction.atomic():
        Factor.objects.filter(account=account, kind=Factor.Kind.TOTP, confirmed_at=None).delete()
        Factor.objects.create(
            account=account,
            kind=Factor.Kind.TOTP,
            sealed=sealing.seal(secret.encode(), purpose=PURPOSE),
            created_at=clock.now(),
        )


def setup(factor: Factor) -> Setup:
    """Only before the first right code: afterwards nobody sees the secret again. Raises NoLogin."""
    if factor.confirmed_at:
        raise NoLogin
    secret = _secret(factor)
    uri = pyotp.TOTP(secret).provisioning_uri(
        name=factor.account.user_name, issuer_name=settings.PORTAL_NAME.replace(":", " ")
    )
    picture = segno.make(uri, error="m", micro=False).svg_data_uri(scale=4, border=4, light="#fff")
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return Setup(factor, grouped, uri, picture)


def confirm_app(*, account: Account, typed: str, name: str, login: Login | None, by: Actor) -> list[str]:
    """The app shows a right code: it counts from now on. Returns new recovery codes, if there were none.

    login: of staff who enrol on their way in. A mistyped code counts as a guess.
    Raises NoLogin, WrongCode, AccountLocked, Refused.
    """
    factor = queries.app_being_added(account)
    if factor is None:
        raise NoLogin
    wrong = guessing.count(account)
    step = _step_of(factor, typed)
    if step is None:
        guessing.fail(
            account, action="factor.code_wrong", wrong_in_all=wrong, sentence=_wrong_sentence(), by=by
        )
    with transaction.atomic():
        guessing.give_back(account)
        row = returning(USE_STEP, [step, clock.now(), factor.pk, step])
        if row is None:
            raise NoLogin
        factor.refresh_from_db()
        return keeping.keep(factor=factor, name=name, login=login, by=by)


def enter_totp(*, account: Account, typed: str, login: Login | None, by: Actor) -> None:
    """At the login (login given) or to confirm that it is still the owner.

    Both counters are raised and committed before the comparison. Raises WrongCode, AccountLocked, NoLogin.
    """
    wrong = guessing.count(account)
    found = _match(account, typed)
    if found is None:
        guessing.fail(
            account, action="login.totp_wrong", wrong_in_all=wrong, sentence=_wrong_sentence(), by=by
        )
        raise AccountLocked  # not reached: fail always raises
    with transaction.atomic():
        # Raised once more here: of two equal codes at the same moment only one finds its step unused.
        if returning(USE_STEP, [found[1], clock.now(), found[0].pk, found[1]]) is None:
            used_up = True
        else:
            used_up = False
            guessing.give_back(account)
            passing.passed(account, login=login, way=queries.TOTP, by=by)
    if used_up:
        sentence = _("This code was used already. Please wait until the app shows the next one.")
        guessing.fail(account, action="login.totp_wrong", wrong_in_all=wrong, sentence=sentence, by=by)


def _match(account: Account, typed: str) -> tuple[Factor, int] | None:
    for factor in queries.factors(account).filter(kind=Factor.Kind.TOTP):
        step = _step_of(factor, typed)
        if step is not None:
            return factor, step
    return None


def _step_of(factor: Factor, typed: str) -> int | None:
    """The step whose code this is, within the allowed drift. Every step is compared, whatever matched."""
    text = typed.translate(DIGITS_ONLY)
    now = int(clock.now().timestamp()) // settings.TOTP_STEP_SECONDS
    codes = pyotp.HOTP(_secret(factor))
    drift = settings.TOTP_DRIFT_STEPS
    matching = [step for step in range(now - drift, now + drift + 1) if sealing.same(codes.at(step), text)]
    return max(matching, default=None)


def _secret(factor: Factor) -> str:
    return sealing.unseal(bytes(factor.sealed), purpose=PURPOSE).decode()


def _wrong_sentence() -> str:
    return _("This code is not right. Please type the six digits that the app shows now.")
