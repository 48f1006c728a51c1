"""How passwords and PINs are hashed: argon2id with as much memory as the hospital's machine can spare."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

NOBODYS = "RGVPbGtQNkw1Q0daRDJvc25iSmw2dg$U8iCXqoH84r8F/pXoBfXwPE75aLZmb7/dXOX7dpZYXA"


class Argon2id(Argon2PasswordHasher):
    """RFC 9106 with Django's two passes and eight lanes; not under the 19 MiB that OWASP asks for."""

    def __init__(self) -> None:
        self.memory_cost = settings.PASSWORD_MEMORY_MB * 1024  # KiB


def dummy() -> str:
    """No password matches it, and to find that out takes what a hash of today takes."""
    made = Argon2id()
    parameters = f"m={made.memory_cost},t={made.time_cost},p={made.parallelism}"
    return f"argon2$argon2id$v=19${parameters}${NOBODYS}"
