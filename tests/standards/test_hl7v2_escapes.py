from __future__ import annotations

from pathlib import Path

import pytest

from klisza.standards.hl7v2.escapes import escaped, one_line, plain, unescaped
from klisza.standards.hl7v2.facts import Admission
from klisza.standards.hl7v2.separators import Separators, found
from tests.standards.hl7 import PID, message, msh, only, understood

USUAL = Separators()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"A\F\B", "A|B"),
        (r"A\S\B", "A^B"),
        (r"A\T\B", "A&B"),
        (r"A\R\B", "A~B"),
        (r"A\E\B", "A\\B"),
        (r"A\P\B", "A#B"),
        (r"A\.br\B", "A\nB"),
        (r"A\.BR\B", "A\nB"),
        (r"A\.sp\B", "A\nB"),
        (r"A\.sp2\B", "A\n\nB"),
        (r"A\.sp+3\B", "A\n\n\nB"),
        (r"A\.sp999\B", "A\n\n\n\nB"),
        (r"A\.ce\B", "A\nB"),
        (r"A\.in+4\B", "AB"),
        (r"A\.ti-4\B", "AB"),
        (r"A\.fi\B\.nf\C", "ABC"),
        (r"A\.sk2\B", "A  B"),
        (r"\H\wazne\N\ dalej", "wazne dalej"),
        (r"A\C2842\B\M2842\C\M284242\D", "ABCD"),
        (r"A\Z12\B", "AB"),
        (r"\X4B6F74\ ", "Kot "),
        (r"\XC581\\XC3\\XB3\d", "Łód"),
        (r"\XC5\\X81\ódź", "Łódź"),
        (r"\XAF\\XF3\\XB3\\XE6\ ", "Żółć "),  # 8859/2 in a message of UTF-8
        (r"\X8C\wit", "Świt"),  # CP1250
        (r"C:\temp\nowy", r"C:\temp\nowy"),
        (r"C:\dane\F\x", r"C:\dane|x"),
        (r"otwarty \ koniec", r"otwarty \ koniec"),
        (r"dwa \\ znaki", r"dwa \\ znaki"),
        (r"\X4\ \X\ \XZZ\ ", r"\X4\ \X\ \XZZ\ "),
        (r"\.xx\ \\F\ ", r"\.xx\ \| "),
        ("", ""),
    ],
)
def test_every_sequence_becomes_what_it_means(written: str, meant: str) -> None:
    assert unescaped(written, USUAL, "utf-8") == meant


def test_other_escape_characters_work() -> None:
    own = found(b"MSH$%*@!$HIS$")

    assert unescaped("A@F@B@S@C@T@D@E@", own, "utf-8") == "A$B%C!D@"
    assert unescaped(r"A\F\B", own, "utf-8") == r"A\F\B"


def test_controls_and_direction_signs_go() -> None:
    assert plain("a\0b\x1bc\td\r\ne\u202ef\u2029g\x85h") == "a b c d\nef\ng\nh"
    assert one_line(" Jan\n\u202eikslawoK\u200b\x07  z ") == "Jan ikslawoK z"
    assert one_line("Z\u0307o\u0301\u0142c\u0301") == "Żółć"
    assert one_line("x" * 500) == "x" * 200


def test_answers_are_escaped() -> None:
    assert escaped("a|b^c&d~e\\f\rPID|", USUAL) == r"a\F\b\S\c\T\d\R\e\E\f PID\F\ ".strip()


@pytest.mark.parametrize(
    "name",
    [
        r"Kowalska\X0D\PID\F\1\F\\F\999",
        r"Kowalska\X0D0A\PID",
        r"Kowalska\.br\PID",
        "Kowalska\x0bPID",
    ],
)
def test_no_escape_makes_a_segment(name: str) -> None:
    """R07"""
    raw = message(msh("ADT^A08"), PID.replace("Kowalska", name))
    person = only(raw, Admission).person

    assert person.family_name.startswith("Kowalska PID")
    assert [identifier.value for identifier in person.identifiers] == ["000123"]


def test_a_second_patient_in_a_message_of_one_is_not_read() -> None:
    """R07: a line end inside a name is a segment end, whatever its sender meant."""
    raw = message(msh("ADT^A08"), PID + "|", "PID|1||666^^^SZP01||Obcy^Jan", "OBX|1|TX|||tekst")
    read = understood(raw)

    assert len(read.contents) == 1
    assert only(raw, Admission).person.identifiers[0].value == "000123"
    assert "several patients" in read.warnings[0]


def test_hostile_text_stays_text(samples: Path) -> None:
    raw = (samples / "hl7/synthetic/adt-xss.hl7").read_bytes()
    person = only(raw, Admission).person

    assert (person.family_name, person.given_name) == ("<script>alert(1)</script>", "=1+1")
    assert person.email == ""
    assert "PID-13" in understood(raw).warnings[0]
