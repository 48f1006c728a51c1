"""What a provider publishes: its addresses and its keys. Read from the issuer of the settings only, and kept for
a while by every process.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from klisza.accounts.errors import ProviderAway
from klisza.base import clock

from . import wire

KINDS: dict[str, type[RSAKey] | type[ECKey]] = {
    "RSA": RSAKey,
    "EC": ECKey,
}  # never "oct": a published secret is none
LEAST_RSA_BITS = 2048
MOST_KEYS = 50
OK = 200


@dataclass(frozen=True)
class Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    auth_method: str
    says_issuer: bool  # RFC 9207: every answer of it names its issuer


@dataclass
class _Kept:
    metadata: Metadata | None = None
    read_at: datetime | None = None
    keys: KeySet | None = None
    keys_at: datetime | None = None
    rests_until: datetime | None = None


_kept: dict[str, _Kept] = {}
_lock = threading.Lock()


def metadata(issuer: str) -> Metadata:
    """Raises ProviderAway; for some seconds after a failure without asking again."""
    kept = _of(issuer)
    if kept.metadata and _is_young(kept.read_at):
        return kept.metadata
    read = _read(kept, issuer.rstrip("/") + "/.well-known/openid-configuration")
    kept.metadata, kept.read_at = _metadata(issuer, read), clock.now()
    return kept.metadata


def keys(issuer: str, *, anew: bool = False) -> KeySet:
    """anew: a token was signed with a key that is not among the kept ones. Raises ProviderAway."""
    kept = _of(issuer)
    if kept.keys and not anew and _is_young(kept.keys_at):
        return kept.keys
    kept.keys, kept.keys_at = _usable(_read(kept, metadata(issuer).jwks_uri)), clock.now()
    return kept.keys


def is_fresh(issuer: str, since: datetime) -> bool:
    """The keys were read after that moment."""
    read_at = _of(issuer).keys_at
    return read_at is not None and read_at >= since


def forget() -> None:
    """Everything that was kept; for a new configuration in the same process."""
    with _lock:
        _kept.clear()


def _of(issuer: str) -> _Kept:
    with _lock:
        return _kept.setdefault(issuer, _Kept())


def _is_young(moment: datetime | None) -> bool:
    return moment is not None and clock.now() - moment < settings.OIDC_METADATA_LIFE


def _read(kept: _Kept, url: str) -> dict[str, Any]:
    if kept.rests_until and clock.now() < kept.rests_until:
        raise ProviderAway("rests")
    try:
        answer = wire.exchange("GET", url)
        if answer.status_code != OK:
            raise ProviderAway(f"status {answer.status_code}")
        read = answer.json()
    except ProviderAway:
        kept.rests_until = clock.now() + settings.OIDC_REST
        raise
    kept.rests_until = None
    return read


def _metadata(issuer: str, read: dict[str, Any]) -> Metadata:
    """Another issuer in it, or an address that is no https, is refused: a wrong setting, or somebody between."""
    if read.get("issuer") != issuer:
        raise ProviderAway("another issuer")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    addresses = [read.get(name) for name in names]
    if not all(isinstance(address, str) and _is_usable(address, issuer) for address in addresses):
        raise ProviderAway("unusable address")
    methods = read.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    known = [name for name in ("client_secret_basic", "client_secret_post") if name in methods]
    if not known:
        raise ProviderAway("no way to show the secret")
    return Metadata(
        authorization_endpoint=str(addresses[0]),
        token_endpoint=str(addresses[1]),
        jwks_uri=str(addresses[2]),
        auth_method=known[0],
        says_issuer=read.get("authorization_response_iss_parameter_supported") is True,
    )


def _is_usable(address: str, issuer: str) -> bool:
    """https; plain http only where the issuer itself is on loopback, and then only on the same host."""
    try:
        parts, own = urlsplit(address), urlsplit(issuer)
    except ValueError:
        return False
    if parts.scheme == "http":
        return own.scheme == "http" and parts.hostname == own.hostname
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def _usable(read: dict[str, Any]) -> KeySet:
    """Public keys for signatures; others in the set do not disturb (RFC 7517, 5)."""
    found: list[Key] = []
    listed = read.get("keys")
    for one in listed[:MOST_KEYS] if isinstance(listed, list) else []:
        if not isinstance(one, dict) or one.get("kty") not in KINDS or one.get("use", "sig") != "sig":
            continue
        try:
            key = KINDS[one["kty"]].import_key({name: value for name, value in one.items() if name != "d"})
        except (JoseError, ValueError, TypeError, LookupError, Warning):
            continue
        if key.public_key.key_size >= LEAST_RSA_BITS or key.key_type == "EC":
            found.append(key)
    if not found:
        raise ProviderAway("no keys")
    return KeySet(found)
