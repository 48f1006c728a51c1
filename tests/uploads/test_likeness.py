"""N8: "Is this you?" with tolerance for maiden names, accents and missing dates."""

from __future__ import annotations

import pytest

from klisza.uploads.likeness import MAYBE, OTHER, SAME, Somebody, likeness

ANNA = Somebody("Wójcik-Łącka", "Anna Maria", "1960-02-29", frozenset({"60022912345"}))


@pytest.mark.parametrize(
    ("family", "given", "born", "numbers", "expected"),
    [
        ("WOJCIK LACKA", "ANNA", "1960-02-29", (), SAME),
        ("Wójcik", "Anna", "1960-02-29", (), SAME),  # one of two names
        ("Łącka", "Anna", "1960-02-29", (), SAME),
        ("W�jcik", "Anna", "1960-02-29", (), SAME),  # a letter nobody could read
        ("WOJCIK^LACKA ANNA", "", "1960-02-29", (), SAME),  # written without a caret
        ("Kowalska", "Anna", "1960-02-29", (), MAYBE),  # her maiden name
        ("Wójcik", "Anna", "", (), MAYBE),  # no date
        ("Wójcik", "Anna", "1960-02-28", (), MAYBE),  # a digit of the date
        ("Wójcik", "Anna", "1906-02-29", (), MAYBE),  # two digits turned around
        ("Wójcik", "Jan", "1960-02-29", (), MAYBE),  # a twin?
        ("", "", "1960-02-29", (), MAYBE),
        ("XYZ1234", "", "", ("60022912345",), SAME),  # her PESEL
        ("Wójcik", "Anna", "1985-11-03", (), OTHER),  # a namesake
        ("Nowak", "Jan", "1960-02-29", (), OTHER),
        ("Nowak", "Jan", "", (), OTHER),
        ("Kowalska", "Anna", "", (), OTHER),
        ("", "", "", (), OTHER),
    ],
)
def test_names_are_compared_with_tolerance(
    family: str, given: str, born: str, numbers: tuple[str, ...], expected: str
) -> None:
    assert likeness(Somebody(family, given, born, frozenset(numbers)), ANNA) == expected


def test_a_patient_without_a_date_is_asked() -> None:
    assert likeness(Somebody("Nowak", "Jan", "1950-01-01"), Somebody("Nowak", "Jan")) == MAYBE
