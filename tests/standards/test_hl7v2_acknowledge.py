from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from klisza.standards.hl7v2.acknowledge import answer, replies
from klisza.standards.hl7v2.errors import Refusal
from klisza.standards.hl7v2.facts import Admission
from klisza.standards.hl7v2.message import Envelope, envelope, parse
from tests.standards.hl7 import PID, message, msh, only, refusal, understood, warsaw

NOW = datetime(2026, 11, 23, 8, 16, tzinfo=timezone(timedelta(hours=1)))
REFUSAL = Refusal("AE", "101", "PID^1^3", "no patient identifier")


def _answer(raw: bytes, code: str = "AA", error: Refusal | None = None) -> list[bytes]:
    return answer(envelope(raw), code=code, error=error, now=NOW, control_id="K1").split(b"\r")


def test_an_answer_echoes_its_message() -> None:
    raw = message(msh("ADT^A28^ADT_A05", f5="KLISZA", f6="SZP01"), PID)

    assert _answer(raw) == [
        b"MSH|^~\\&|KLISZA|SZP01|HIS|SZP01|20261123081600+0100||ACK^A28^ACK|K1|P|2.5.1||||||UNICODE UTF-8",
        b"MSA|AA|C1",
        b"",
    ]
    assert answer(parse(raw), code="AA", now=NOW, control_id="K1").split(b"\r") == _answer(raw)


def test_the_control_id_is_verbatim() -> None:
    latin = message(msh("ADT^A28", f10=" a\\T\\Ł^1~2 "), PID, codec="iso8859-2")

    assert _answer(latin)[1] == b"MSA|AA| a\\T\\\xa3^1~2 "


def test_errors_have_parts_since_2_5() -> None:
    assert _answer(message(msh("ADT^A28"), PID), "AE", REFUSAL)[1:3] == [
        b"MSA|AE|C1",
        b"ERR||PID^1^3|101^Required field missing^HL70357|E||||no patient identifier",
    ]


@pytest.mark.parametrize("version", ["2.2", "2.3", "2.3.1", "2.4"])
def test_older_errors_stand_in_err_1(version: str) -> None:
    assert _answer(message(msh("ADT^A28", f12=version), PID), "AE", REFUSAL)[1:3] == [
        b"MSA|AE|C1|no patient identifier",
        b"ERR|PID^1^3^101&Required field missing&HL70357",
    ]


def test_separators_of_the_sender_are_used() -> None:
    raw = message("MSH$%*\\@$HIS$SZP$PORTAL$SZP$20260105101500$$ADT%A04$7$P$2.5", "PID$1")

    first, second, third, _ = _answer(raw, "AE", REFUSAL)

    assert first == b"MSH$%*\\@$PORTAL$SZP$HIS$SZP$20261123081600+0100$$ACK%A04%ACK$K1$P$2.5"
    assert second == b"MSA$AE$7"
    assert third == b"ERR$$PID%1%3$101%Required field missing%HL70357$E$$$$no patient identifier"


@pytest.mark.parametrize(
    "raw", [b"", b"garbage", bytes(range(256)) * 4, b"MSH", b"\0" * 100, b"GET / HTTP/1.1\r\n\r\n"]
)
def test_garbage_gets_an_answer(raw: bytes) -> None:
    error = Refusal("AE", "100", "MSH", "not an HL7 message")

    assert _answer(raw, "AE", error)[:3] == [
        b"MSH|^~\\&|KLISZA||||20261123081600+0100||ACK|K1|P|2.5.1",
        b"MSA|AE",
        b"ERR||MSH|100^Segment sequence error^HL70357|E||||not an HL7 message",
    ]
    assert _answer(b"MSH|^~\\&|HIS", "AE", error)[1] == b"MSA|AE"


def test_answers_cannot_be_broken_by_their_message() -> None:
    raw = b"MSH|^~\\&|HIS\x0b\x1c|S\x1c|||2026||ADT^A28\x0b|ID\x1c\x0d"

    whole = b"\r".join(_answer(raw, "AE", Refusal("AE", "102", "MSH", "text|with^signs\r\x1c")))

    assert not set(whole) & {0x0B, 0x1C}
    assert b"text\\F\\with\\S\\signs" in whole
    assert whole.count(b"\rMSA") == 1


def test_our_answers_are_messages() -> None:
    raw = b"\r".join(_answer(message(msh("ADT^A28"), PID), "AE", REFUSAL))

    assert parse(raw).first("MSA") is not None
    assert refusal(raw) == ("AR", "200", "MSH^1^9")


@pytest.mark.parametrize(
    ("accept", "application", "code", "expected"),
    [
        ("", "", "AA", ("AA",)), ("", "", "AE", ("AE",)), ("", "", "AR", ("AR",)),
        ("AL", "NE", "AA", ("CA",)), ("AL", "NE", "AE", ("CE",)), ("AL", "NE", "AR", ("CR",)),
        ("AL", "AL", "AA", ("CA", "AA")), ("AL", "AL", "AE", ("CA", "AE")), ("AL", "AL", "AR", ("CR",)),
        ("NE", "AL", "AA", ("AA",)), ("NE", "AL", "AE", ("AE",)), ("NE", "AL", "AR", ("AR",)),
        ("ER", "NE", "AA", ()), ("ER", "NE", "AE", ("CE",)), ("ER", "NE", "AR", ("CR",)),
        ("SU", "NE", "AA", ("CA",)), ("SU", "NE", "AE", ()),
        ("AL", "ER", "AA", ("CA",)), ("AL", "ER", "AE", ("CA", "AE")), ("AL", "SU", "AE", ("CE",)),
        ("NE", "NE", "AA", ()), ("NE", "NE", "AE", ()),
        ("", "AL", "AA", ("AA",)), ("", "AL", "AE", ("AE",)),
        ("ER", "", "AA", ("AA",)), ("ER", "", "AE", ("CE",)), ("AL", "", "AA", ("CA",)),
    ],
)  # fmt: skip
def test_enhanced_mode_follows_both_fields(
    accept: str, application: str, code: str, expected: tuple[str, ...]
) -> None:
    assert replies(envelope(message(msh("ADT^A28", f15=accept, f16=application), PID)), code) == expected


def test_nothing_readable_gets_the_code_itself() -> None:
    assert replies(Envelope(), "AE") == ("AE",)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"f9": ""}, ("AE", "101", "MSH^1^9")),
        ({"f10": ""}, ("AE", "101", "MSH^1^10")),
        ({"f10": "9" * 200}, ("AE", "102", "MSH^1^10")),
        ({"f12": "3.0"}, ("AR", "203", "MSH^1^12")),
        ({"f12": "2.9"}, ("AR", "203", "MSH^1^12")),
        ({"f12": "2"}, ("AR", "203", "MSH^1^12")),
        ({"f11": "X"}, ("AR", "202", "MSH^1^11")),
        ({"f9": "VXU^V04"}, ("AR", "200", "MSH^1^9")),
        ({"f9": "ACK^A28^ACK"}, ("AR", "200", "MSH^1^9")),
        ({"f9": "QBP^Q23"}, ("AR", "200", "MSH^1^9")),
        ({"f9": "ADT^A99"}, ("AR", "201", "MSH^1^9")),
        ({"f9": "ADT"}, ("AR", "201", "MSH^1^9")),
        ({"f9": "ORM^O02"}, ("AR", "201", "MSH^1^9")),
    ],
)
def test_headers_are_judged(fields: dict[str, str], expected: tuple[str, str, str]) -> None:
    kind = fields.pop("f9", "ADT^A28")

    assert refusal(message(msh(kind, **fields), PID)) == expected


@pytest.mark.parametrize(
    "version", ["", "2.1", "2.2", "2.3", "2.3.1", "2.5.1", "2.7.1", "2.8", "2.8.2", "2.5^POL"]
)
@pytest.mark.parametrize("processing", ["P", "T", "D", "P^T", ""])
def test_versions_and_processing_ids(version: str, processing: str) -> None:
    assert understood(message(msh("ADT^A28", f12=version, f11=processing), PID)).contents


def test_a_message_without_time() -> None:
    said = only(message(msh("ADT^A28", f7=""), PID), Admission)

    assert said.stamp.at.year == 1900
    assert only(message(msh("ADT^A28", f7="20261123"), PID), Admission).stamp.at == warsaw(2026, 11, 23)
