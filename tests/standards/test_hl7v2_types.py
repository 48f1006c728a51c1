from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from klisza.standards.hl7v2 import telecom, types
from klisza.standards.hl7v2.facts import DELETED, Identifier
from klisza.standards.hl7v2.segments import Dialect, Segment, Value
from klisza.standards.hl7v2.separators import Separators
from tests.standards.hl7 import WARSAW, warsaw

DIALECT = Dialect(Separators(), "utf-8")


def _value(raw: str) -> Value:
    return Value(raw, DIALECT)


def _values(raw: str) -> list[Value]:
    return Segment("PID", f"PID|{raw}", 1, DIALECT).all(1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261123", warsaw(2026, 11, 23)),
        ("202611230815", warsaw(2026, 11, 23, 8, 15)),
        ("20261123081500.1234", warsaw(2026, 11, 23, 8, 15, 0, 123_400)),
        ("20261123081560", warsaw(2026, 11, 23, 8, 15, 59)),
        ("20261123081500+0000", datetime(2026, 11, 23, 8, 15, tzinfo=UTC)),
        ("20261123081500-0530", datetime(2026, 11, 23, 13, 45, tzinfo=UTC)),
        ("20261123081500+01:00", datetime(2026, 11, 23, 7, 15, tzinfo=UTC)),
        ("2026", None), ("202611", None), ("20261332", None), ("2026112308150", None), ("wczoraj", None),
        ("00010101", None), ("99991231235959-1200", None), ("20261123081500+9900", None), ("", None),
        ("٢٠٢٦١١٢٣", None),
    ],
)  # fmt: skip
def test_times_carry_a_zone(text: str, expected: datetime | None) -> None:
    found = types.moment(text, WARSAW)

    assert found == expected
    assert found is None or found.tzinfo is not None


def test_a_birth_date_does_not_move() -> None:
    assert types.day("198808181126+0215") == date(1988, 8, 18)
    assert types.day("19600229") == date(1960, 2, 29)
    assert types.day("19610229") is None
    assert types.day("1961") is None


def test_identifiers_name_their_issuer() -> None:
    assert types.cx(_value("1^^^SZP01&1.2.3&ISO^MR")) == Identifier("1", "1.2.3", "SZP01", "MR")
    assert types.cx(_value("1^^^SZP01^MR")) == Identifier("1", "SZP01", "SZP01", "MR")
    assert types.cx(_value("1^^^&1.2.3&ISO")) == Identifier("1", "1.2.3", "", "")
    assert types.cx(_value("1")) == Identifier("1")
    assert types.cx(_value('""^^^&2.71&ISO')) is None
    assert types.cx(_value("^^^^TEAM")) is None
    assert types.cx(_value("9" * 129)) is None
    assert types.ei(_value("A1^RIS^1.2^ISO")) == Identifier("A1", "1.2", "RIS")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Kowalska^Anna", ("Kowalska", "Anna")),
        ("Nowak^Anna^^^^^D~Kowalska^Anna^^^^^L", ("Kowalska", "Anna")),
        ("van Dyk&van&Dyk^Piet", ("van Dyk", "Piet")),
        ("KOWALSKA", ("KOWALSKA", "")),
        ("^^~Kowalska^Anna", ("Kowalska", "Anna")),
        ('""', ("", "")),
        ("", ("", "")),
    ],
)
def test_the_legal_name_counts(raw: str, expected: tuple[str, str]) -> None:
    assert types.name(_values(raw)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("23456^Nowak^Jan^^^dr n. med.", "dr n. med. Jan Nowak"),
        ("23456&Nowak&Jan&&&dr n. med.^20261124145500", "dr n. med. Jan Nowak"),
        ("^Nowak", "Nowak"),
        ("John Smith", "John Smith"),
        ("23456", ""),
    ],
)
def test_professionals_are_named(raw: str, expected: str) -> None:
    assert types.professional(_value(raw)) == expected


@pytest.mark.parametrize(
    ("number", "valid"),
    [("44051401359", True), ("44051401358", False), ("4405140135", False), ("x" * 11, False)],
)
def test_pesel_has_a_check_digit(number: str, *, valid: bool) -> None:
    assert types.is_pesel(number) is valid


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("^NET^Internet^anna@example.org", "anna@example.org"),
        ("^PRN^PH^^48^32^2788888~^NET^Internet^anna@example.org", "anna@example.org"),
        ("012-0001~^^^anna@example.org", "anna@example.org"),
        ("anna@example.org", "anna@example.org"),
        ("anna@example.org^NET^Internet", "anna@example.org"),
        ("^WPN^Internet^praca@example.org", ""),
        ("^NET^Internet^nie wiem", ""),
        ('^NET^Internet^"a b"@example.org', ""),
        ("^NET^Internet^a@example.org,b@example.org", ""),
        ('^NET^Internet^""', DELETED),
        ('""', DELETED),
        ("^PRN^PH^^48^32^2788888", ""),
        ("", ""),
    ],
)
def test_the_mailbox_is_found(raw: str, expected: str) -> None:
    assert telecom.email(_values(raw)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("^PRN^CP^^48^600^100200", "+48600100200"),
        ("^PRN^CP^^^600^100200", "600100200"),
        ("^PRN^CP^^0048^600^100 200", "+48600100200"),
        ("^PRS^^^48^^600100200", "+48600100200"),
        ("^PRN^CP^^^^^^^^^+48 600 100 200", "+48600100200"),
        ("+48 600-100-200", "+48600100200"),
        ("0048 600 100 200^PRN^PH", "+48600100200"),
        ("600100200", "600100200"),
        ("^PRN^PH^^48^600^100200", "+48600100200"),
        ("^PRN^PH^^48^32^2788888", ""),
        ("^WPN^CP^^48^600^100200", ""),
        ("^PRN^FX^^48^600^100200", ""),
        ("^PRN^CP^^44^7700^900123", "+447700900123"),
        ("^PRN^PH^^48^600^100200~^PRN^CP^^48^601^100200", "+48601100200"),
        ("600100200 (corka)^PRN^CP", "600100200 (corka)"),
        ('^PRN^CP^^""^""^""', DELETED),
        ('""^PRN^CP', DELETED),
        ('""', DELETED),
        ("anna@example.org", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_the_mobile_number_is_found(raw: str, expected: str) -> None:
    assert telecom.mobile(_values(raw)) == expected


def test_zone_of_the_sender_is_kept() -> None:
    found = types.moment("20261123081500+0200", WARSAW)

    assert found is not None
    assert found.utcoffset() == timedelta(hours=2)
