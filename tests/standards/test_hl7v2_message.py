from __future__ import annotations

from pathlib import Path

import pytest

from klisza.standards.hl7v2.facts import Admission
from klisza.standards.hl7v2.message import envelope, normalised, parse
from klisza.standards.hl7v2.separators import divided
from tests.standards.hl7 import PID, message, msh, only, refusal, understood

A08 = msh("ADT^A08^ADT_A01")
GOOD = message(A08, "EVN|A08|20261123081459+0100", PID)


def _family(raw: bytes, **charset: str) -> str:
    (content,) = understood(raw, **charset).contents
    assert isinstance(content, Admission)
    return content.person.family_name


@pytest.mark.parametrize(
    "raw",
    [
        GOOD.replace(b"\r", b"\n"),
        GOOD.replace(b"\r", b"\r\n"),
        GOOD.replace(b"\r", b"\r\n\r\n"),
        GOOD.rstrip(b"\r"),
        b"\xef\xbb\xbf" + GOOD,
        b" \r\n\t" + GOOD + b"\n\n ",
        GOOD.replace(b"^~\\&", b"^~\\\\&"),
        GOOD.replace(b"^~\\&", b"^~\\"),
        GOOD.replace(b"^~\\&", b"^~\\&#"),
        GOOD.replace(b"\rPID", b"\r  PID"),
        GOOD + b"ZPD|1|secret\r" + b"FUT|new segment\r",
    ],
)
def test_wrapping_does_not_change_a_message(raw: bytes) -> None:
    person = only(raw, Admission).person

    assert (person.family_name, person.given_name) == ("Kowalska", "Anna")
    assert person.identifiers[0].issuer == "1.2.3.4.5"


def test_separators_are_the_messages_own(samples: Path) -> None:
    person = only((samples / "hl7/synthetic/adt-a04-custom-separators.hl7").read_bytes(), Admission).person

    assert (person.family_name, person.given_name, person.identifiers[0].value) == ("Nowak", "Jan", "9")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", ("AE", "100", "MSH")),
        (bytes(range(256)), ("AE", "100", "MSH")),
        (b"PID|1||1\r", ("AE", "100", "MSH")),
        (b"MSH", ("AE", "101", "MSH^1^1")),
        (b"MSHA^~\\&A", ("AE", "101", "MSH^1^1")),
        (b"MSH|HIS|SZP01|", ("AE", "101", "MSH^1^2")),
        (b"MSH|^^\\&|", ("AE", "102", "MSH^1^2")),
        (GOOD + GOOD, ("AE", "100", "MSH^2")),
        (b"{\"resourceType\": \"Patient\"}", ("AE", "100", "MSH")),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(raw: bytes, expected: tuple[str, str, str]) -> None:
    assert refusal(raw) == expected


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UNICODE UTF-8", "utf-8"), ("UTF-8", "utf-8"), ("utf8", "utf-8"), ("8859/2", "iso8859-2"),
        ("ISO-8859-2", "iso8859-2"), ("ISO_IR 101", "iso8859-2"), ("CP1250", "cp1250"), ("windows-1250", "cp1250"),
        ("", "utf-8"), ("ASCII", "utf-8"), ("8859/2~UNICODE UTF-8", "iso8859-2"),
    ],
)  # fmt: skip
def test_msh_18_names_the_charset(label: str, codec: str) -> None:
    raw = message(msh("ADT^A08", f18=label), PID.replace("Kowalska", "Żółć-Gęślą"), codec=codec)

    assert _family(raw) == "Żółć-Gęślą"


def test_peer_and_site_charsets_apply() -> None:
    unlabelled = message(msh("ADT^A08", f18=""), PID.replace("Kowalska", "Świąć"), codec="cp1250")
    mislabelled = message(msh("ADT^A08", f18="8859/2"), PID.replace("Kowalska", "Świąć"), codec="cp1250")

    assert _family(unlabelled, default_charset="CP1250") == "Świąć"
    assert _family(mislabelled, charset="CP1250") == "Świąć"
    assert "bytes that the character set" in understood(mislabelled).warnings[0]


def test_a_byte_order_mark_means_utf_8() -> None:
    raw = message(msh("ADT^A08", f18=""), PID.replace("Kowalska", "Świąć"))

    assert _family(b"\xef\xbb\xbf" + raw, default_charset="CP1250") == "Świąć"


def test_undecodable_bytes_are_refused() -> None:
    latin = message(msh("ADT^A08"), PID.replace("Kowalska", "Świąć"), codec="iso8859-2")
    unknown = latin.replace(b"UNICODE UTF-8", b"ISO IR87")

    assert refusal(latin) == ("AE", "102", "MSH^1^18")
    assert refusal(unknown) == ("AE", "103", "MSH^1^18")


def test_unknown_charset_of_plain_ascii_passes() -> None:
    read = understood(message(msh("ADT^A08", f18="ISO IR87"), PID))

    assert len(read.contents) == 1
    assert "unknown character set" in read.warnings[0]


def test_broken_lines_belong_to_the_segment_before() -> None:
    raw = message(msh("ORU^R01"), "OBX|1|TX|1^Opis||Pierwsza linia", "druga | linia", "TAK||||||F")

    assert parse(raw).segments[1].raw_field(5) == "Pierwsza linia\ndruga "
    assert len(parse(raw).segments) == 3  # "TAK|" begins as a segment does


def test_normalised_bodies_compare_equal() -> None:
    other_time = GOOD.replace(b"20261123081500+0100", b"20261124")
    other_ends = b"\xef\xbb\xbf" + GOOD.replace(b"\r", b" \r\n") + b"\r\n"

    assert normalised(GOOD) == normalised(other_time) == normalised(other_ends)
    assert normalised(GOOD) != normalised(GOOD.replace(b"Anna", b"Ewa"))
    assert normalised(b"") == b""


def test_an_envelope_is_read_of_anything() -> None:
    latin = message(msh("ADT^A08"), PID.replace("Kowalska", "Świąć"), codec="iso8859-2")

    assert envelope(latin).text(10) == "C1"
    assert envelope(latin).text(4) == "SZP01"
    assert envelope(b"MSH|^~").text(10) == ""
    assert envelope(b"\0\xff garbage").fields == ()


@pytest.mark.parametrize("most", [-1, 1, 3, 63, 64, 65, 200])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "|",
        "a|b",
        "x" * 5000,
        "|" * 5000,
        "a|" * 3000,
        f"a|{'x' * 5000}|b|",
        f"{'x' * 5000}|" * 70,
        "x" * 4999 + "|",
    ],
)
def test_dividing_is_splitting(text: str, most: int) -> None:
    assert divided(text, "|", most) == text.split("|", most)
    assert divided(text.encode(), b"|", most) == text.encode().split(b"|", most)
