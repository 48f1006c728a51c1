"""Secrets at rest: sealed under keys derived from KLISZA_SECRET_KEY, which never lies in the database (R70)."""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from .errors import KliszaError

NONCE_BYTES = 12


class SealBroken(KliszaError):
    """The bytes were changed, or sealed under another key or purpose."""


def key_for(purpose: str) -> bytes:
    """32 bytes, different for each purpose (HKDF-SHA256, RFC 5869)."""
    return _derived(settings.SECRET_KEY, purpose)


@lru_cache(maxsize=64)
def _derived(secret: str, purpose: str) -> bytes:
    """Derived once: image addresses are checked a thousand times a second."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret.encode())


def seal(clear: bytes, *, purpose: str) -> bytes:
    """AES-256-GCM; the purpose is bound to the text, so a body cannot be moved to another column."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key_for(purpose)).encrypt(nonce, clear, purpose.encode())


def unseal(sealed: bytes, *, purpose: str) -> bytes:
    """Raises SealBroken."""
    try:
        return AESGCM(key_for(purpose)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode())
    except InvalidTag as broken:
        raise SealBroken(purpose) from broken


def digest(value: str, *, purpose: str) -> str:
    """HMAC-SHA256 as 64 hex characters: for codes and tokens that are only ever compared."""
    return hmac.new(key_for(purpose), value.encode(), hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Constant-time comparison of two digests."""
    return hmac.compare_digest(left.encode(), right.encode())
