"""What an own password must be, and how temporary ones are read (trust.md 4)."""

from __future__ import annotations

import pytest

from klisza.accounts.errors import WeakPassword
from klisza.accounts.models import Account
from klisza.accounts.services import passwords


@pytest.fixture
def account() -> Account:
    return Account(
        user_name="ABCD2345",
        password_words=passwords.seal_words(["Stanisława", "Brzęczyszczykiewicz", "1958"]),
    )


@pytest.mark.parametrize(
    "raw",
    [
        "za krótkie"[:9],
        "x" * 129,
        "1234567890",
        "qwertyuiop",
        "0987654321",
        "aaaaaaaaaaaa",
        "password2026!",
        "!!!Warszawa2026",
        "portalpacjenta",
        "Stanisława1958",
        "abcd2345xy",
        "Szpital Testowy",
        "BRZĘCZYSZCZYKIEWICZ1",
    ],
)
def test_weak_password_is_refused(account: Account, raw: str) -> None:
    with pytest.raises(WeakPassword):
        passwords.check(raw, account=account)


@pytest.mark.parametrize(
    "raw",
    [
        "trzy rowery pod lipą",
        "зелений парасолька",
        "correct horse battery",
        "😀😃😄 dziesięć",
        "x7$kQ2mZ9p",
        "mój szpital i kot z dachu",
    ],
)
def test_good_password_is_taken(account: Account, raw: str) -> None:
    assert passwords.check(raw, account=account)


def test_composed_and_decomposed_letters_are_one() -> None:
    encoded = passwords.hashed("zażółć gęślą", is_temporary=False)
    assert passwords.matches(
        "zaz\u0307o\u0301\u0142c\u0301 ge\u0328s\u0301la\u0328", encoded, is_temporary=False
    )


def test_temporary_password_is_read_as_copied() -> None:
    raw = passwords.temporary()
    encoded = passwords.hashed(raw, is_temporary=True)
    for typed in (raw, f" {raw}\n", raw.lower(), raw.replace("-", " "), raw.replace("-", "")):
        assert passwords.matches(typed, encoded, is_temporary=True)


def test_own_password_is_read_to_the_letter() -> None:
    encoded = passwords.hashed("Trzy rowery", is_temporary=False)
    assert not passwords.matches("trzy rowery", encoded, is_temporary=False)
    assert not passwords.matches("Trzy rowery ", encoded, is_temporary=False)


def test_temporary_password_has_sixty_bits_t37() -> None:
    assert len(passwords.temporary().replace("-", "")) * 4.8 >= 60


def test_unusable_password_matches_nothing() -> None:
    assert not passwords.matches("", passwords.unusable(), is_temporary=False)


def test_words_lie_sealed_r70(account: Account) -> None:
    assert b"Brz" not in bytes(account.password_words or b"")
    assert "1958" in passwords.words_of(account)
