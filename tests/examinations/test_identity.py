from __future__ import annotations

from datetime import date

import pytest

from klisza.examinations import identity

KOWALCZYK = {"family": "Żółć-Kowalczyk", "given": "Łucja"}


@pytest.mark.parametrize(
    ("patient_name", "differ"),
    [
        ("ZOLC-KOWALCZYK^LUCJA", (False, False)),
        ("Żółć-Kowalczyk^Łucja Maria^^dr", (False, False)),
        ("LUCJA^KOWALCZYK", (False, False)),
        ("Nowak^Łucja", (True, False)),
        ("Nowak^Piotr", (True, True)),
        ("", (False, False)),
        ("¯ó³æ-Kowalczyk^£ucja", (False, False)),
    ],
)
def test_names_are_compared_leniently(patient_name: str, differ: tuple[bool, bool]) -> None:
    assert identity.names_differ(patient_name, **KOWALCZYK) == differ


def test_birth_date_in_images_must_match() -> None:
    """R60: what the images say must be on file; images that say nothing contradict nothing."""
    born = date(1958, 3, 21)
    assert not identity.birth_date_differs(None, born)
    assert not identity.birth_date_differs(born, born)
    assert identity.birth_date_differs(date(1985, 3, 21), born)
    assert identity.birth_date_differs(born, None)
