"""Every message of the sample set, and what becomes of messages that are a little broken."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

from klisza.standards.hl7v2.acknowledge import answer, replies
from klisza.standards.hl7v2.errors import Refusal
from klisza.standards.hl7v2.message import Message, envelope, normalised, parse
from klisza.standards.hl7v2.read import read
from tests.standards.hl7 import WARSAW, warsaw

MUTANTS = 10_000 if os.environ.get("KLISZA_TEST_LONG") else 300
SIGNS = b'|^~\\&\r\n\0\x0b\x1c"XM.0123456789\xff\xb1\xc5'
CONTROLS = re.compile("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")
# All others are accepted.
REFUSED = {
    "OMG-O19-01.hl7": ("AE", "101", "ORC^1^3"),
    "SIU^S12-NewAppointmentBooking.hl7": ("AE", "100", "SCH^1"),
    "hapi/cv.04_001_chem.hl7": ("AR", "200", "MSH^1^9"),
    "synthetic/not-hl7.bin": ("AE", "100", "MSH"),
}


def _messages(samples: Path) -> Iterator[tuple[str, bytes]]:
    root = samples / "hl7"
    for path in sorted(root.rglob("*")):
        if path.suffix in {".hl7", ".txt", ".bin"}:
            yield str(path.relative_to(root)), path.read_bytes().strip(b"\x0b\x1c\r")


def _outcome(raw: bytes) -> tuple[str, str, str]:
    try:
        read(parse(raw), zone=WARSAW)
    except Refusal as refusal:
        return refusal.answer, refusal.code, refusal.location
    return "AA", "", ""


def test_every_sample_gets_its_answer(samples: Path) -> None:
    found = {name: _outcome(raw) for name, raw in _messages(samples)}

    assert len(found) >= 50
    assert {name: outcome for name, outcome in found.items() if outcome[0] != "AA"} == {
        name: outcome for name, outcome in REFUSED.items() if name in found
    }


def test_segments_may_end_in_any_way(samples: Path) -> None:
    for name, raw in _messages(samples):
        if name.endswith(".bin"):
            continue
        unix = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        expected = read_or_none(raw)

        assert read_or_none(unix) == expected, name
        assert read_or_none(unix.replace(b"\n", b"\r\n") + b"\r\n") == expected, name
        assert normalised(unix) == normalised(raw), name


def read_or_none(raw: bytes) -> object:
    try:
        return read(parse(raw), zone=WARSAW)
    except Refusal:
        return None


def test_mutants_are_read_or_refused(samples: Path) -> None:
    """R06: whatever is broken, there is an answer, and no other exception."""
    rng = random.Random(20261123)
    originals = [raw for _, raw in _messages(samples)]
    for number in range(MUTANTS):
        mutant = _mutant(rng, rng.choice(originals), rng.choice(originals))
        code, error = "AA", None
        try:
            said = read(parse(mutant), zone=WARSAW, received_at=warsaw(2026, 11, 23))
            assert not CONTROLS.search("".join(_texts(said.contents)))
        except Refusal as refusal:
            code, error = refusal.answer, refusal
        except Exception as unexpected:
            raise AssertionError(f"mutant {number}: {mutant!r}") from unexpected
        _check_answer(mutant, code, error)


def _texts(said: object) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    elif isinstance(said, (tuple, frozenset)):
        for part in said:
            yield from _texts(part)
    elif is_dataclass(said):
        yield from _texts(tuple(getattr(said, field.name) for field in fields(said)))


def _check_answer(mutant: bytes, code: str, error: Refusal | None) -> None:
    opened = envelope(mutant)
    for reply in replies(opened, code) or (code,):
        said = answer(opened, code=reply, error=error, now=warsaw(2026, 11, 23))
        message: Message = parse(said, charset="8859/1")
        assert [segment.name for segment in message.segments][:2] == ["MSH", "MSA"]
        assert not set(said) & {0x0B, 0x1C}
    normalised(mutant)


def _mutant(rng: random.Random, raw: bytes, other: bytes) -> bytes:
    data = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 5, 40))):
        at = rng.randrange(len(data) + 1)
        choice = rng.randrange(7)
        if choice == 0:
            data[at : at + 1] = bytes([rng.choice(SIGNS)])
        elif choice == 1:
            data[at : at + rng.randrange(1, 60)] = b""
        elif choice == 2:
            data[at:at] = bytes(rng.choices(SIGNS, k=rng.randrange(1, 12)))
        elif choice == 3:
            data[at:at] = data[at : at + 200] * rng.randrange(1, 4)
        elif choice == 4:
            data = data[:at] or bytearray(b"M")
        elif choice == 5:
            start = rng.randrange(len(other) + 1)
            data[at:at] = other[start : start + rng.randrange(400)]
        else:
            data[at:at] = rng.choice(
                (b"\\X0D\\", b'""', b"\\", b"||", b"\rPID|1||2", b"\rOBX|1|ED|||", b"\rMSH|", b"~" * 50)
            )
    return bytes(data)


def test_huge_and_hostile_messages_end_soon() -> None:
    """R06: shapes that would cost more than their size are refused or cut."""
    head = b"MSH|^~\\&|HIS|S|||20261123||ORU^R01|1|P|2.5\rPID|1||1^^^S\r"
    shapes = [
        head + b"OBR|1||F1\r" * 2_000,
        head + b"OBR|1||F1\r" * 60_000,
        head + b"OBR|1||F1\rOBX|1|TX|||" + b"\\" * 100_000,
        head + b"OBR|1||F1\rOBX|1|TX|||" + b"~" * 1_000_000,
        head + b"OBR|1||F1\rOBX|1|ED|||^^^Base64^" + b"\\.br\\" * 50_000,
        head + b"|" * 3_000_000,
        head.replace(b"1^^^S", b"1~" * 500_000),
        b"\r" * 3_000_000,
        b"MSH|" * 500_000,
    ]
    for raw in shapes:
        assert _outcome(raw)[0] in {"AA", "AE"}
        envelope(raw)
