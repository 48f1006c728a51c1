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


@pytest.mark.parametrize("written", ["iso8859-2", "cp1250", "utf-8"])
@pytest.mark.parametrize("read", ["latin-1", "iso8859-2", "ascii", "utf-8"])
@pytest.mark.parametrize(
    ("family", "given"), [("Żółć", "Łęcki"), ("Świątek", "Stanisław"), ("Źdźbło", "Żaneta")]
)
def test_a_wrong_label_is_no_other_person(written: str, read: str, family: str, given: str) -> None:
    """Every letter but a few is spoilt, and control characters fall out on the way."""
    text = f"{family}^{given}".encode(written).decode(read, "replace")
    spoilt = "".join(sign for sign in text if sign.isprintable())

    assert identity.names_differ(spoilt, family=family, given=given) == (False, False)
    assert identity.names_differ(spoilt, family="Nowakowski", given="Piotr")[1]


def test_birth_date_in_images_must_match() -> None:
    """R60: what the images say must be on file; images that say nothing contradict nothing."""
    born = date(1958, 3, 21)
    assert not identity.birth_date_differs(None, born)
    assert not identity.birth_date_differs(born, born)
    assert identity.birth_date_differs(date(1985, 3, 21), born)
    assert identity.birth_date_differs(born, None)
