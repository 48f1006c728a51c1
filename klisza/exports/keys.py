"""The key in the download cookie: it opens one export, and the password of its ZIP is sealed under it.

Neither lies anywhere else: who loses the cookie begins again.
"""

from __future__ import annotations

import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from klisza.base import sealing
from klisza.base.errors import NotFound

NONCE = 12


def new() -> str:
    return secrets.token_urlsafe(32)


def digest(key: str) -> str:
    return sealing.digest(key, purpose="export key")


def opens(key: str, kept: str) -> bool:
    return bool(key and kept) and sealing.same(digest(key), kept)


def seal(password: str, key: str) -> bytes:
    """b"" for no password."""
    if not password:
        return b""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(_sealing_key(key)).encrypt(nonce, password.encode(), b"export password")


def unseal(sealed: bytes, key: str) -> bytes:
    """The password as a ZIP takes it, in UTF-8; raises NotFound with another key."""
    if not sealed:
        return b""
    try:
        return AESGCM(_sealing_key(key)).decrypt(sealed[:NONCE], sealed[NONCE:], b"export password")
    except InvalidTag as other:
        raise NotFound from other


def _sealing_key(key: str) -> bytes:
    return HKDF(SHA256(), 32, None, b"export password").derive(key.encode())
