"""The recipient's address: exactly one, and not one letter beside the one that was meant (R34, R54)."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

# Where mistyped addresses are meant to go.
USUAL = (
    "gmail.com", "wp.pl", "o2.pl", "onet.pl", "interia.pl", "op.pl", "poczta.onet.pl", "tlen.pl", "gazeta.pl",
    "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "ukr.net", "proton.me", "protonmail.com",
)  # fmt: skip
SHORT = 6  # of so few letters one more or less is another house: wp.pl, op.pl, o2.pl


def one_address(text: str) -> str:
    """The address, its domain in lower case. Raises ValidationError with a sentence for the field."""
    plain = text.strip()
    name, _at, domain = plain.rpartition("@")
    hidden = any(unicodedata.category(letter).startswith(("C", "Z")) for letter in plain)
    if hidden or not plain.isascii():
        raise ValidationError(
            _("Please type one e-mail address, with letters without accents and without spaces.")
        )
    try:
        validate_email(plain)
    except ValidationError:
        raise ValidationError(_("This is not an e-mail address. It looks like name@example.org.")) from None
    return f"{name}@{domain.lower()}"


def meant(email: str) -> str:
    """The usual domain that this one is a slip of the finger away from; "" = nothing to ask about."""
    domain = email.rpartition("@")[2]
    if domain in USUAL:
        return ""
    return next((one for one in USUAL if len(one) > SHORT and _is_one_slip(domain, one)), "")


def _is_one_slip(typed: str, usual: str) -> bool:
    """One letter more, less, or other, or two neighbours swapped."""
    if abs(len(typed) - len(usual)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(typed, usual, strict=False)) if a != b), None)
    if start is None:
        return len(typed) != len(usual)
    a, b = typed[start:], usual[start:]
    swapped = a[:2] == b[1::-1] and a[2:] == b[2:]
    return swapped or a[1:] == b[1:] or a[1:] == b or a == b[1:]
