"""Passwords: making temporary ones, comparing, and what an own one must be."""

from __future__ import annotations

import json
import re
import threading
import unicodedata
from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth import hashers
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.utils.translation import gettext as _

from klisza.accounts import hasher
from klisza.accounts.errors import WeakPassword
from klisza.accounts.models import Account
from klisza.base import sealing
from klisza.base.ids import readable

TEMPORARY_GROUPS, GROUP_LENGTH = 4, 4  # 16 x 4.86 bits = 77 bits, read and typed in groups
# One argon2 takes PASSWORD_MEMORY_MB; a burst of logins must not take the machine's memory.
_at_once = threading.BoundedSemaphore(4)
# An unknown name costs exactly the time of a known one.
DUMMY_HASH = hasher.dummy()
# Only what Django's list of 20,000 (English) leaves out and people here choose.
COMMON_HERE = frozenset(
    [
        "haslo",
        "hasło",
        "mojehaslo",
        "mojehasło",
        "polska",
        "warszawa",
        "krakow",
        "kraków",
        "gdansk",
        "gdańsk",
        "poznan",
        "poznań",
        "wroclaw",
        "wrocław",
        "lodz",
        "łódź",
        "kochamcie",
        "kochamcię",
        "zdrowie",
        "szpital",
        "pacjent",
        "portal",
        "portalpacjenta",
        "lekarz",
        "badanie",
        "przychodnia",
        "polskawalcząca",
        "legia",
        "barcelona",
        "mateusz",
        "qwerty",
        "qwertyuiop",
        "zaqwsx",
        "asdfghjkl",
        "zxcvbnm",
        "ukraina",
        "україна",
        "пароль",
        "київ",
        "львів",
    ]
)
ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
LEAST_BESIDE_WORDS = 6
LEAST_DIFFERENT = 4
_common = CommonPasswordValidator()


def temporary() -> str:
    return "-".join(readable(GROUP_LENGTH) for _ in range(TEMPORARY_GROUPS))


def canonical(raw: str, *, is_temporary: bool) -> str:
    """What is hashed: an own password in NFC; of a temporary one only the characters, however they were
    copied.
    """
    if is_temporary:
        return "".join(letter for letter in raw.upper() if letter.isalnum())
    return unicodedata.normalize("NFC", raw)


def hashed(raw: str, *, is_temporary: bool) -> str:
    """argon2id; takes 50 ms and more: never inside a transaction."""
    with _at_once:
        return hashers.make_password(canonical(raw, is_temporary=is_temporary))


def unusable() -> str:
    """Nothing matches it. Not a hash ('!' and random characters), so no argon2 is computed here."""
    return hashers.make_password(None)


def matches(raw: str, encoded: str, *, is_temporary: bool) -> bool:
    """Exactly one argon2, whatever is compared."""
    text = canonical(raw, is_temporary=is_temporary)
    possible = len(text) <= settings.PASSWORD_MOST and hashers.is_password_usable(encoded)
    with _at_once:
        right = hashers.check_password(text[: settings.PASSWORD_MOST], encoded if possible else DUMMY_HASH)
    return right and possible


def seal_words(words: Iterable[str]) -> bytes:
    return sealing.seal(json.dumps(sorted(set(words))).encode(), purpose="password words")


def words_of(account: Account) -> list[str]:
    if not account.password_words:
        return []
    found: list[str] = json.loads(sealing.unseal(bytes(account.password_words), purpose="password words"))
    return found


def check(raw: str, *, account: Account) -> str:
    """The password in the form that is hashed. No rule of composition, spaces and every script allowed.

    Raises WeakPassword with a sentence: shorter than 10, longer than 128, common, or little more than the
    person's own data (user name, names, birth year) or the portal's and the hospital's name.
    """
    text = canonical(raw, is_temporary=False)
    if len(text) < settings.PASSWORD_LEAST:
        raise WeakPassword(
            _("The password is too short: it needs at least %(least)d characters.")
            % {"least": settings.PASSWORD_LEAST}
        )
    if len(text) > settings.PASSWORD_MOST:
        raise WeakPassword(
            _("The password is too long: at most %(most)d characters.") % {"most": settings.PASSWORD_MOST}
        )
    if _is_common(text.casefold()):
        raise WeakPassword(
            _(
                "This password is among the first that others would try. Please "
                "choose another, for example three words that do not belong together."
            )
        )
    if _is_own_data(text.casefold(), account):
        raise WeakPassword(
            _("Please choose a password without your name, your date of birth or the name of the portal.")
        )
    return text


def _is_common(text: str) -> bool:
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)  # "password2026!" is "password"
    listed = any(word in _common.passwords or word in COMMON_HERE for word in (text, core) if word)
    return (
        listed
        or len(set(text)) < LEAST_DIFFERENT
        or any(text in row * 3 or text in row[::-1] * 3 for row in ROWS)
    )


def _is_own_data(text: str, account: Account) -> bool:
    places = f"{settings.PORTAL_NAME} {settings.HOSPITAL_NAME} portal klisza szpital hospital"
    words = {
        *places.casefold().split(),
        account.user_name.casefold(),
        *(word.casefold() for word in words_of(account)),
    }
    rest = text
    for word in sorted((word for word in words if len(word) >= 4), key=len, reverse=True):
        rest = rest.replace(word, "")
    return rest != text and len(rest) < LEAST_BESIDE_WORDS
