"""Messages for the tests of the HL7 reader."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest

from klisza.standards.hl7v2.errors import Refusal
from klisza.standards.hl7v2.facts import Content, Read
from klisza.standards.hl7v2.message import parse
from klisza.standards.hl7v2.read import read

C = TypeVar("C", bound=Content)
WARSAW = ZoneInfo("Europe/Warsaw")
PID = "PID|1||000123^^^SZP01&1.2.3.4.5&ISO^MR||Kowalska^Anna^^^^^L||19600229|F"
PLACES = {7: "20261123081500+0100", 10: "C1", 11: "P", 12: "2.5.1", 15: "", 16: "", 18: "UNICODE UTF-8"}


def msh(kind: str, **fields: str) -> str:
    """MSH with other fields than usual: msh("ADT^A08", f12="2.3")."""
    said = {**PLACES, 3: "HIS", 4: "SZP01", 9: kind, **{int(key[1:]): value for key, value in fields.items()}}
    return "|".join(["MSH", "^~\\&", *(said.get(number, "") for number in range(3, 19))]).rstrip("|")


def message(*segments: str, codec: str = "utf-8") -> bytes:
    return "".join(f"{segment}\r" for segment in segments).encode(codec)


def understood(raw: bytes, *, charset: str = "", default_charset: str = "UTF-8") -> Read:
    return read(parse(raw, charset=charset, default_charset=default_charset), zone=WARSAW)


def only(raw: bytes, kind: type[C]) -> C:
    (content,) = understood(raw).contents
    assert isinstance(content, kind)
    return content


def refusal(raw: bytes) -> tuple[str, str, str]:
    with pytest.raises(Refusal) as caught:
        understood(raw)
    return caught.value.answer, caught.value.code, caught.value.location


def warsaw(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=WARSAW)
