"""Is the person in the images the person on file? (issuer, id) has said so already.

This only contradicts (R60).
"""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from datetime import date
from difflib import SequenceMatcher

# Letters that Unicode does not decompose into a base and a mark.
UNDECOMPOSED = str.maketrans(
    {"ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ß": "ss", "æ": "ae"}
)
# Bytes in Latin-2 that were labelled Latin-1 spoil every Polish letter; most letters equal is "similar".
SIMILAR = 0.7
# What devices write, and what their labels make of it (hospital-integration.md 1.6).
WRITTEN_AS, READ_AS = ("iso8859-2", "cp1250", "utf-8"), ("latin-1", "iso8859-2", "ascii", "utf-8")


def fold(text: str) -> str:
    """Lower case without diacritics: Łódź -> lodz."""
    decomposed = unicodedata.normalize("NFKD", text.translate(UNDECOMPOSED))
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def birth_date_differs(in_images: date | None, on_file: date | None) -> bool:
    """Given in the images, it must be the one on file; an unknown one on file does not confirm it."""
    return in_images is not None and in_images != on_file


def name_parts(patient_name: str) -> tuple[str, str]:
    """Family and given of a DICOM person name (PS3.5 6.2.1.2): first group, components parted by ^."""
    family, _, rest = patient_name.partition("=")[0].partition("^")
    return family.strip(), rest.partition("^")[0].strip()


def names_differ(patient_name: str, *, family: str, given: str) -> tuple[bool, bool]:
    """(family differs, given differs); a missing part contradicts nothing.

    Swapped parts are the same person. So is a name whose bytes had another character set than their label says.
    """
    family_forms, given_forms = _forms(family), _forms(given)
    image_family, image_given = name_parts(patient_name)
    swapped = _is_one_of(image_family, given_forms) and _is_one_of(image_given, family_forms)
    if swapped and image_family and image_given:
        return False, False
    return not _is_one_of(image_family, family_forms), not _is_one_of(image_given, given_forms)


def _forms(name: str) -> list[str]:
    """The name, and what becomes of it when one character set is written and another one read."""
    found = [name]
    for text in (name, name.upper()) if not name.isascii() else ():
        for written in WRITTEN_AS:
            for read in READ_AS:
                with suppress(UnicodeError):
                    found.append(_spoilt(text, written, read))
    return [name, *(form for form in dict.fromkeys(found) if _words(form))]


def _spoilt(text: str, written: str, read: str) -> str:
    wrong = text.encode(written).decode(read, "replace")
    return "".join(sign for sign in wrong if sign.isprintable())  # as the index keeps it


def _is_one_of(text: str, forms: list[str]) -> bool:
    """A common word is enough for the name itself; spoilt letters make words that mean nothing."""
    return _similar(text, forms[0]) or any(_alike(_words(text), _words(form)) for form in forms[1:])


def _similar(left: str, right: str) -> bool:
    ours, theirs = _words(left), _words(right)
    if not ours or not theirs or set(ours) & set(theirs):
        return True
    return _alike(ours, theirs)


def _alike(ours: list[str], theirs: list[str]) -> bool:
    return SequenceMatcher(None, " ".join(ours), " ".join(theirs)).ratio() >= SIMILAR


def _words(text: str) -> list[str]:
    return "".join(char if char.isalnum() else " " for char in fold(text)).split()
