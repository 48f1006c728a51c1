"""PINs of a share: made, judged, hashed. A PIN lies nowhere in clear but in its own sealed message."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from datetime import date
from itertools import pairwise

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from klisza.accounts.services import passwords
from klisza.base import sealing

# Rows and corners of a keypad, and what people choose first.
FAVOURITES = frozenset({
    "112233", "123123", "147258", "147852", "159357", "159753", "258369", "258456", "321321", "456123",
    "654123", "789456", "963852", "134679", "741852",
})  # fmt: skip
LEAST_DIFFERENT = 3


@sensitive_variables()
def new_pin(*, avoiding: Iterable[date | None] = ()) -> str:
    """Six random digits that `is_weak` lets pass."""
    dates = list(avoiding)
    while True:
        pin = f"{secrets.randbelow(10**settings.PIN_DIGITS):0{settings.PIN_DIGITS}d}"
        if not is_weak(pin, dates=dates):
            return pin


@sensitive_variables()
def is_weak(pin: str, *, dates: Iterable[date | None] = ()) -> bool:
    """000000, 123456, 121212, 123123, rows of the keypad, and these dates (R54)."""
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    if len(set(pin)) < LEAST_DIFFERENT or (len(steps) == 1 and steps <= {0, 1, 9}):
        return True
    return pin in FAVOURITES or pin[:3] == pin[3:] or any(pin in _written(one) for one in dates if one)


def _written(day: date) -> set[str]:
    """How people write a birthday in six digits."""
    dd, mm, yyyy = f"{day.day:02d}", f"{day.month:02d}", f"{day.year:04d}"
    yy = yyyy[2:]
    return {
        dd + mm + yy,
        mm + dd + yy,
        yy + mm + dd,
        yy + dd + mm,
        mm + yyyy,
        yyyy + mm,
        dd + yyyy,
        yyyy + dd,
    }


@sensitive_variables()
def hashed(share_id: uuid.UUID, pin: str) -> str:
    """Bound to its share and to the secret key: a stolen table alone cannot be searched. Never inside a
    transaction: argon2.
    """
    return passwords.hashed(_peppered(share_id, pin), is_temporary=False)


@sensitive_variables()
def matches(share_id: uuid.UUID, pin: str, kept: str) -> bool:
    return passwords.matches(_peppered(share_id, pin), kept, is_temporary=False)


def _peppered(share_id: uuid.UUID, pin: str) -> str:
    return sealing.digest(f"{share_id}|{pin}", purpose="share pin")
