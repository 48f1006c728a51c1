"""Random names: nothing in a URL, a log or a file name tells who or what."""

from __future__ import annotations

import os
import secrets
import time
import uuid

# No 0/O, 1/I/L, U/V confusion: a user name is read aloud on the telephone.
UNAMBIGUOUS = "23456789ABCDEFGHJKMNPQRSTWXYZ"


def new_id() -> uuid.UUID:
    """UUIDv7 (RFC 9562 5.7): 48 bits of milliseconds, 74 random bits; sorts by time of making."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return uuid.UUID(int=value)


def token() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def readable(length: int) -> str:
    """`length` characters of an alphabet without look-alikes (4.86 bits each)."""
    return "".join(secrets.choice(UNAMBIGUOUS) for _ in range(length))


def opaque_uid(identifier: uuid.UUID) -> str:
    """A valid DICOM UID that stands for our own id (PS3.5 B.2: 2.25.<UUID as integer>)."""
    return f"2.25.{identifier.int}"


def from_opaque_uid(uid: str) -> uuid.UUID | None:
    """Inverse of `opaque_uid`; None when it is not one of ours."""
    digits = uid[5:]
    if not uid.startswith("2.25.") or not digits.isascii() or not digits.isdigit() or len(digits) > 39:
        return None
    number = int(digits)
    return uuid.UUID(int=number) if number < 1 << 128 else None
