"""Passkeys (WebAuthn): made and asked for with user verification, so that one stands for password and code.

The library checks type, origin, challenge, RP id, flags and signature; ours are the challenge's life, whose key it
is, and the counter.
"""

from __future__ import annotations

import json
import logging
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from klisza.accounts import queries
from klisza.accounts.errors import AccountLocked, WrongPasskey
from klisza.accounts.models import Account, Challenge, Factor, Login
from klisza.accounts.sentences import locked_sentence, suspended_sentence
from klisza.accounts.services import known, limits
from klisza.accounts.services.login import begin, refuse_elsewhere
from klisza.accounts.services.suspending import PUT_ASIDE
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock, sealing
from klisza.base.errors import TooMany

from . import keeping, passing
from .party import Party, party, server

ADD, LOGIN, PROVE = "add", "login", "prove"
PURPOSE = "passkey"
HOUR = timedelta(hours=1)
VERIFIED = UserVerificationRequirement.REQUIRED
MOST_BYTES = 16_384
# What the library's parsers raise at mutated answers; its own refusals are ValueError.
BROKEN = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
# The counter of a key that has one must grow: a copy of it shows by standing still (WebAuthn 7.2, step 22).
COUNT_USE = """
UPDATE accounts_factor SET sign_count = %s, last_used_at = %s
WHERE id = %s AND (sign_count < %s OR (sign_count = 0 AND %s = 0)) RETURNING id
"""
# It would write the ids of keys into our log.
logging.getLogger("fido2").setLevel(logging.WARNING)


def begin_adding(*, account: Account) -> tuple[dict[str, Any], str]:
    """What the browser is to make, and the id of the challenge. Raises WrongPasskey where none can be made."""
    asked, state = server(_party()).register_begin(
        PublicKeyCredentialUserEntity(
            id=account.pk.bytes, name=account.user_name, display_name=account.user_name
        ),
        credentials=_descriptors(account),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=VERIFIED,
    )
    return dict(asked.public_key), _remember(ADD, account, state)


def begin_proving(*, account: Account | None, source: str) -> tuple[dict[str, Any], str]:
    """What the browser is to sign. account: None at the login page, where any passkey of ours will do.

    Raises TooMany, WrongPasskey.
    """
    if limits.take("challenges", source, limit=settings.CHALLENGES_PER_SOURCE_HOUR, per=HOUR) is None:
        raise TooMany(
            _("There were too many tries from your network. Please try again later."),
            retry_after=limits.seconds_left(HOUR),
        )
    allowed = _descriptors(account) if account else None
    asked, state = server(_party()).authenticate_begin(allowed, user_verification=VERIFIED)
    return dict(asked.public_key), _remember(PROVE if account else LOGIN, account, state)


def add_passkey(
    *, account: Account, challenge_id: str, answer: str, name: str, login: Login | None, by: Actor
) -> list[str]:
    """Returns new recovery codes, if there were none. Raises WrongPasskey, Refused."""
    state = _take(challenge_id, ADD, account)
    try:
        made = server(_party()).register_complete(state, RegistrationResponse.from_dict(_read(answer)))
    except BROKEN as refused:
        raise _not_made() from refused
    credential = made.credential_data
    if credential is None:
        raise _not_made()
    digest = _digest(credential.credential_id)
    with transaction.atomic():
        if Factor.objects.filter(digest=digest).exists():
            raise _not_made()
        factor = Factor.objects.create(
            account=account,
            kind=Factor.Kind.PASSKEY,
            digest=digest,
            sealed=sealing.seal(bytes(credential), purpose=PURPOSE),
            sign_count=made.counter,
            created_at=clock.now(),
        )
        return keeping.keep(factor=factor, name=name, login=login, by=by)


def enter_passkey(*, challenge_id: str, answer: str, kind: str, by: Actor) -> tuple[Login, str]:
    """A login by passkey alone: the key and the finger or PIN behind it are two factors.

    kind: the listener's, as at the password. Returns what enter_password returns, the code passed.
    Raises WrongPasskey, AccountLocked, SignInElsewhere.
    """
    state = _take(challenge_id, LOGIN, None)
    factor = _verified(state, answer, by)
    account = factor.account
    if account.kind != kind or account.state == Account.State.CLOSED:
        raise _wrong()
    refuse_elsewhere(account)
    with transaction.atomic():
        known.owner_is_back(account)
    if not account.is_active:
        is_suspended = account.lock_cause in PUT_ASIDE
        raise AccountLocked(suspended_sentence() if is_suspended else locked_sentence())
    with transaction.atomic():
        login, key = begin(account=account, by=by, purpose="login")
        passing.passed(account, login=login, way=queries.PASSKEY, by=by)
    return login, key


def prove_passkey(
    *, account: Account, challenge_id: str, answer: str, login: Login | None, by: Actor
) -> None:
    """After the password, or to confirm that it is still the owner. Raises WrongPasskey, NoLogin."""
    state = _take(challenge_id, PROVE, account)
    factor = _verified(state, answer, by)
    if factor.account_id != account.pk:
        raise _wrong()
    with transaction.atomic():
        passing.passed(account, login=login, way=queries.PASSKEY, by=by)


def _verified(state: dict[str, Any], answer: str, by: Actor) -> Factor:
    """The key that has signed this very challenge, its counter raised."""
    try:
        given = AuthenticationResponse.from_dict(_read(answer))
        factor = _by_credential(given.raw_id)
        if factor is None:
            raise _wrong()
        credential = AttestedCredentialData(sealing.unseal(bytes(factor.sealed), purpose=PURPOSE))
        server(_party()).authenticate_complete(state, [credential], given)
        handle = given.response.user_handle
        if handle and handle != factor.account_id.bytes:
            raise _wrong()
    except (*BROKEN, WrongPasskey) as refused:
        _note_refused(None, by)
        raise _wrong() from refused
    count = given.response.authenticator_data.counter
    with transaction.atomic():
        row = limits.returning(COUNT_USE, [count, clock.now(), factor.pk, count, count])
    if row is None:
        _note_refused(factor, by)
        raise _wrong()
    return factor


@transaction.atomic
def _note_refused(factor: Factor | None, by: Actor) -> None:
    """With a factor: its counter stood still, so that a copy of the key may be about."""
    record(
        "login.passkey_refused",
        by=by,
        objects=[factor.account, factor] if factor else [],
        outcome="failed",
        reason="counter" if factor else "",
    )


def _by_credential(credential_id: bytes) -> Factor | None:
    return (
        Factor.objects.select_related("account")
        .filter(digest=_digest(credential_id))
        .exclude(confirmed_at=None)
        .first()
    )


def _descriptors(account: Account) -> list[PublicKeyCredentialDescriptor]:
    keys = queries.factors(account).filter(kind=Factor.Kind.PASSKEY)
    return [
        PublicKeyCredentialDescriptor(
            type=PublicKeyCredentialType.PUBLIC_KEY,
            id=AttestedCredentialData(sealing.unseal(bytes(key.sealed), purpose=PURPOSE)).credential_id,
        )
        for key in keys
    ]


def _remember(purpose: str, account: Account | None, state: dict[str, Any]) -> str:
    kept = Challenge.objects.create(
        purpose=purpose,
        account=account,
        challenge=state["challenge"],
        expires_at=clock.now() + settings.CHALLENGE_LIFE,
    )
    return str(kept.pk)


def _take(challenge_id: str, purpose: str, account: Account | None) -> dict[str, Any]:
    """Once: who deletes the row has it, everybody else comes too late."""
    try:
        wanted = uuid.UUID(challenge_id)
    except ValueError:
        raise _wrong() from None
    found = Challenge.objects.filter(
        pk=wanted, purpose=purpose, account=account, expires_at__gt=clock.now()
    ).first()
    if found is None or not Challenge.objects.filter(pk=wanted).delete()[0]:
        raise _wrong()
    return {"challenge": found.challenge, "user_verification": VERIFIED}


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > MOST_BYTES:
        raise ValueError("too long")
    read = json.loads(answer)
    if not isinstance(read, dict):
        raise TypeError("not an answer")
    return read


def _digest(credential_id: bytes) -> str:
    return sealing.digest(credential_id.hex(), purpose="passkey id")


def _party() -> Party:
    found = party()
    if found is None:
        raise WrongPasskey(_("Passkeys cannot be used at this address of the portal."))
    return found


def _wrong() -> WrongPasskey:
    return WrongPasskey(
        _("This passkey could not be checked. Please try again, or choose another way to log in.")
    )


def _not_made() -> WrongPasskey:
    return WrongPasskey(
        _("The passkey could not be added. Please try again, or choose an authenticator app.")
    )
