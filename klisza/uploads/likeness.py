"""Is the person in a file the patient? Names with tolerance, for a question, never for a decision about data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

UNREADABLE = "\ufffd"  # counts as a wrong letter
SAME, MAYBE, OTHER = "same", "maybe", "other"
# Letters that do not fall apart into a base and a mark.
STROKES = str.maketrans(
    {"ł": "l", "đ": "d", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"}
)


@dataclass(frozen=True)
class Somebody:
    """birth_date: ISO, or empty. numbers: identifiers that mean one person in the whole country, such as a PESEL."""

    family: str
    given: str
    birth_date: str = ""
    numbers: frozenset[str] = frozenset()


def likeness(found: Somebody, known: Somebody) -> str:
    """same | maybe | other. maybe: a married or maiden name, no date, digits of the date turned around, one letter."""
    if found.numbers & known.numbers:
        return SAME
    if not (found.family or found.given):
        return MAYBE if found.birth_date and found.birth_date == known.birth_date else OTHER
    family = _alike(_words(found.family), _words(known.family))
    given = _alike(_words(found.given), _words(known.given))
    if not given:  # written without a caret, or the other way round
        everything = _words(f"{found.family} {found.given}")
        if {*_words(known.family), *_words(known.given)[:1]} <= set(everything):
            family = given = True
    date = _dates(found.birth_date, known.birth_date)
    if family and given:
        return {SAME: SAME, MAYBE: MAYBE}.get(date, OTHER)
    return MAYBE if date == SAME and found.birth_date and (family or given) else OTHER


def _words(name: str) -> list[str]:
    """Without accents, case and hyphens: Wójcik-ŁĄCKA gives wojcik, lacka."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(STROKES).replace(UNREADABLE, "x"))
    return re.findall(r"[^\W\d_]+", "".join(sign for sign in plain if not unicodedata.combining(sign)))


def _alike(one: Iterable[str], other: Iterable[str]) -> bool:
    """One word in common is enough: double names and second given names come and go."""
    return any(_nearly(a, b) for a in one for b in other)


def _nearly(one: str, other: str) -> bool:
    """Equal, or one letter away in a longer word: a typing error, or U+FFFD for a letter nobody could read."""
    if one == other:
        return True
    if len(one) != len(other) or len(one) < 5:
        return False
    return sum(a != b for a, b in zip(one, other, strict=True)) == 1


def _dates(one: str, other: str) -> str:
    if not one or not other:
        return MAYBE
    if one == other:
        return SAME
    return (
        MAYBE
        if sorted(one) == sorted(other) or sum(a != b for a, b in zip(one, other, strict=False)) == 1
        else OTHER
    )
