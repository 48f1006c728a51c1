"""The ID token: whether this provider has signed it, for us, now, in answer to this very question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from django.conf import settings
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from klisza.accounts.errors import IdentityRefused
from klisza.base import clock

from . import provider
from .party import Party

# Signatures by a private key only: "none" and HS* (whose key would be our own secret, or a public key) are not here.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
MOST_SUBJECT = 255


class _Registry(JWSRegistry):
    max_header_length = 4096  # certificates' digests of some providers


_registry = _Registry(algorithms=ALGORITHMS, strict_check_header=False)


def claims_of(raw: object, *, party: Party, nonce: str, access_token: object) -> Mapping[str, Any]:
    """Raises IdentityRefused with the cause for the log, ProviderAway when new keys cannot be had."""
    if not isinstance(raw, str):
        raise IdentityRefused(cause="no id token")
    read = _signed(raw, party.issuer)
    claims = CodeIDToken(
        read.claims,
        read.header,
        options={
            "iss": {"essential": True, "value": party.issuer},
            "sub": {"essential": True},
            "aud": {"essential": True, "value": party.client_id},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "nonce": {"essential": True, "value": nonce},
        },
        params={
            "nonce": nonce,
            "client_id": party.client_id,
            "access_token": access_token if isinstance(access_token, str) else None,
        },
    )
    try:
        claims.validate(now=int(clock.now().timestamp()), leeway=settings.OIDC_LEEWAY_SECONDS)
    except JoseError as wrong:
        raise IdentityRefused(cause=f"{wrong.error} {getattr(wrong, 'claim', '')}".strip()) from None
    except (TypeError, ValueError):
        raise IdentityRefused(cause="claims") from None
    if len(claims["sub"]) > MOST_SUBJECT:
        raise IdentityRefused(cause="subject too long")
    return claims


def _signed(raw: str, issuer: str) -> jwt.Token:
    """A key we do not know, or one that no longer fits, may be a new one: they are read again, once."""
    asked_at = clock.now()
    try:
        return _decoded(raw, provider.keys(issuer))
    except (InvalidKeyIdError, BadSignatureError):
        if provider.is_fresh(issuer, asked_at):
            raise IdentityRefused(cause="signature") from None
    try:
        return _decoded(raw, provider.keys(issuer, anew=True))
    except (InvalidKeyIdError, BadSignatureError):
        raise IdentityRefused(cause="signature") from None


def _decoded(raw: str, keys: KeySet) -> jwt.Token:
    try:
        return jwt.decode(raw, keys, registry=_registry)
    except (InvalidKeyIdError, BadSignatureError):
        raise
    except JoseError as wrong:
        raise IdentityRefused(cause=wrong.error) from None
    except (TypeError, ValueError, LookupError, RecursionError):
        raise IdentityRefused(cause="malformed") from None


def is_proved(claims: Mapping[str, Any], wanted: tuple[str, ...], *, methods: bool) -> bool:
    """One of the wanted levels; methods: `amr` counts as well (a directory's word for its second factor)."""
    said = {claims.get("acr")} if isinstance(claims.get("acr"), str) else set()
    listed = claims.get("amr")
    if methods and isinstance(listed, list):
        said |= {one for one in listed if isinstance(one, str)}
    return bool(said & set(wanted))


def asked_at(claims: Mapping[str, Any]) -> datetime | None:
    """When the provider last asked the person, if it says so; never later than now."""
    said = claims.get("auth_time")
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    try:
        return min(datetime.fromtimestamp(said, UTC), clock.now())
    except (OverflowError, OSError, ValueError):
        return None
