"""Is the person in the images the person on file? (issuer, id) has said so already.

This only contradicts (R60).
"""

from __future__ import annotations

import unicodedata
from datetime import date
from difflib import SequenceMatcher

# Letters that Unicode does not decompose into a base and a mark.
UNDECOMPOSED = str.maketrans(
    {"ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ß": "ss", "æ": "ae"}
)
# Bytes in Latin-2 that were labelled Latin-1 spoil every Polish letter; most letters equal is "similar".
SIMILAR = 0.7


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

    Swapped parts are the same person.
    """
    image_family, image_given = name_parts(patient_name)
    if _similar(image_family, given) and _similar(image_given, family) and image_family and image_given:
        return False, False
    return not _similar(image_family, family), not _similar(image_given, given)


def _similar(left: str, right: str) -> bool:
    ours, theirs = _words(left), _words(right)
    if not ours or not theirs or set(ours) & set(theirs):
        return True
    return SequenceMatcher(None, " ".join(ours), " ".join(theirs)).ratio() >= SIMILAR


def _words(text: str) -> list[str]:
    return "".join(char if char.isalnum() else " " for char in fold(text)).split()
