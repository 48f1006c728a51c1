"""PESEL, the Polish national number (OID 2.16.840.1.113883.3.4424.1.1.616): checksum, birth date, sex."""

from __future__ import annotations

from datetime import date

ISSUER = "2.16.840.1.113883.3.4424.1.1.616"
NAMESPACE = "PESEL"
KIND = "NNPOL"  # CX.5
WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
# The century is hidden in the month: 81 = January 1800, 01 = 1900, 21 = 2000, 41 = 2100, 61 = 2200.
CENTURIES = {4: 1800, 0: 1900, 1: 2000, 2: 2100, 3: 2200}


def is_valid(text: str) -> bool:
    """Eleven digits, a real day and the right check digit: 44444444444 has the last one only."""
    if len(text) != 11 or not (text.isascii() and text.isdigit()) or birth_date(text) is None:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, text, strict=False))
    return (10 - total % 10) % 10 == int(text[10])


def birth_date(text: str) -> date | None:
    """Of eleven digits; None when they name no day."""
    century, month = divmod(int(text[2:4]), 20)
    try:
        return date(CENTURIES[century] + int(text[:2]), month, int(text[4:6]))
    except (KeyError, ValueError):
        return None


def sex(text: str) -> str:
    return "M" if int(text[9]) % 2 else "F"
