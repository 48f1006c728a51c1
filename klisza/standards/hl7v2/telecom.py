"""XTN: e-mail and mobile number from twenty years of habits (hospital-integration 2.6)."""

from __future__ import annotations

import re

from .facts import DELETED
from .segments import Value

POLISH_MOBILE = re.compile(r"(?:\+?48)?(?:45|50|51|53|57|60|66|69|72|73|78|79|88)\d{7}", re.ASCII)
MAILBOX = re.compile(r"""[^\s@<>"(),;:\\]+@[^\s@<>"(),;:\\]+\.[^\s@<>"(),;:\\.]+""")
LONGEST_MAILBOX = 254  # RFC 5321 4.5.3.1.3
LONGEST_NUMBER = 20
NOT_PRIVATE = {"WPN", "BPN", "ASN"}  # work, beeper, answering service: never for codes and invitations
NOT_SPOKEN = {"FX", "MD", "BP", "TDD", "TTY", "SAT", "INTERNET", "X.400"}
FILLERS = re.compile(r"[\s().\-/]")


def email(values: list[Value]) -> str:
    """The first mailbox that is private; DELETED when the sender removes it; "" when none is said.

    A mailbox of a form no mail system takes counts as not said (see `unusable`).
    """
    for value in values:
        if not _about_mail(value) or value.part(2) in NOT_PRIVATE:
            continue
        if _removes(value, 4):
            return DELETED
        if box := _mailbox(value):
            return box
    return DELETED if values and values[0].is_null and len(values) == 1 else ""


def unusable(values: list[Value]) -> bool:
    """Something stands where a mailbox should, and it is none."""
    said = [value for value in values if _about_mail(value) and (value.part(4) or "@" in value.part(1))]
    return bool(said) and not any(map(_mailbox, said))


def mobile(values: list[Value]) -> str:
    """The first private mobile number: as said by its type, else by a Polish mobile prefix."""
    if len(values) == 1 and values[0].is_null:
        return DELETED
    private = [value for value in values if value.part(2) not in NOT_PRIVATE]
    said = [value for value in private if value.part(3).upper() == "CP" or value.part(2) == "PRS"]
    for value in said:
        if _removes(value, 7) or _removes(value, 12):
            return DELETED
        if number := _number(value):
            return number
    numbers = [_number(value) for value in private if value.part(3).upper() not in NOT_SPOKEN]
    return next((number for number in numbers if POLISH_MOBILE.fullmatch(number)), "")


def _about_mail(value: Value) -> bool:
    internet = value.part(3).upper() == "INTERNET" or value.part(2).upper() == "NET"
    return internet or "@" in value.part(4) or "@" in value.part(1)


def _mailbox(value: Value) -> str:
    boxes = (value.part(place, limit=LONGEST_MAILBOX + 1) for place in (4, 1))
    return next((box for box in boxes if len(box) <= LONGEST_MAILBOX and MAILBOX.fullmatch(box)), "")


def _removes(value: Value, place: int) -> bool:
    return value.nulls(place) or value.nulls(1)


def _number(value: Value) -> str:
    """Digits with the country's + where it is said; free text that is no number stays as it is."""
    local = FILLERS.sub("", value.part(7))
    if local:
        country = FILLERS.sub("", value.part(5)).lstrip("+").removeprefix("00")
        digits = FILLERS.sub("", value.part(6)) + local
        return (f"+{country}{digits}" if country else digits)[:LONGEST_NUMBER]
    text = value.part(12) or value.part(1)
    if "@" in text:
        return ""
    digits = FILLERS.sub("", text)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    return (digits if digits.lstrip("+").isdecimal() else text)[:LONGEST_NUMBER]
