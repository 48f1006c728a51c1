"""Every sample message through a real socket: the answer of expected_hl7.csv, however and how often it is sent."""

from __future__ import annotations

import csv
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from klisza.gateways.hl7v2.framing import Framer

from .door import prepared  # noqa: F401 - fixture
from .hl7door import (  # noqa: F401 - fixtures
    END,
    SAMPLES,
    START,
    Hl7Door,
    Sender,
    adt,
    ask,
    needs_messages,
    place,
    shared_hl7,
    told,
)

pytestmark = needs_messages
EXPECTED = Path(__file__).with_name("expected_hl7.csv")
SEED = 3
SMALL = 600  # bytes of a message that is sent split at every place


def table() -> list[dict[str, str]]:
    with EXPECTED.open(newline="") as file:
        return list(csv.DictReader(file))


def framed(name: str) -> bytes:
    """As it is when it is a frame already."""
    data = (SAMPLES / name).read_bytes()
    return data if data.startswith(START) else START + data + END


def answered() -> dict[str, bytes]:
    """Frames of the samples that get exactly one answer."""
    return {row["file"]: framed(row["file"]) for row in table() if row["answer"] not in ("none", "closed")}


def content(frame: bytes) -> bytes:
    return frame.removeprefix(START).split(b"\x1c")[0]


def test_the_table_names_every_sample() -> None:
    kinds = (".hl7", ".txt", ".bin")
    there = {str(file.relative_to(SAMPLES)) for file in SAMPLES.rglob("*") if file.suffix in kinds}

    assert {row["file"] for row in table()} == there
    assert all(row["why"] for row in table())


def test_every_sample_gets_its_answer(shared_hl7: Hl7Door) -> None:  # noqa: F811
    seen = {row["file"]: send_sample(shared_hl7, row["file"], row["answer"]) for row in table()}

    assert seen == {row["file"]: (row["answer"], row["code"]) for row in table()}


def send_sample(door: Hl7Door, name: str, expected: str) -> tuple[str, str]:
    with Sender(door.port) as sender:
        sender.line.sendall(framed(name))
        if expected == "closed":
            return ("closed" if sender.is_shut(within=35) else "open"), ""
        if expected == "none":  # the next message is the first to be answered
            sender.line.sendall(START + adt("AFTER", control=f"AFTER-{name}"[:20]) + END)
            return ("none" if f"AFTER-{name}"[:20].encode() in sender.answer() else "answered"), ""
        return told(sender.answer())[:2]


def test_twice_is_the_same_answer_and_no_more(shared_hl7: Hl7Door) -> None:  # noqa: F811
    """Whether it was taken or refused."""
    for name, frame in answered().items():
        first = told(ask(shared_hl7.port, content(frame)))
        second = told(ask(shared_hl7.port, content(frame)))
        (state,) = shared_hl7.rows("SELECT state FROM gateways_inboundmessage ORDER BY id DESC LIMIT 1")[0]
        assert (name, second, state) == (name, first, "repeated")


def test_every_split_of_every_sample_is_the_same_message(tmp_path: Path) -> None:
    """At every byte, in the reader itself; through the socket see below."""
    for frame in answered().values():
        for cut in range(len(frame) + 1):
            framer = Framer(folder=tmp_path, limit=10_000_000)
            found = [*framer.feed(frame[:cut]), *framer.feed(frame[cut:])]
            assert found == [content(frame)]


def pieces(frame: bytes, dice: random.Random) -> Iterator[bytes]:
    cuts = sorted(dice.sample(range(1, len(frame)), 5))
    for begin, end in zip([0, *cuts], [*cuts, len(frame)], strict=True):
        yield frame[begin:end]


def test_samples_in_pieces_get_their_answers(shared_hl7: Hl7Door) -> None:  # noqa: F811
    dice = random.Random(SEED)
    for name, frame in answered().items():
        whole = told(ask(shared_hl7.port, content(frame)))
        with Sender(shared_hl7.port) as sender:
            for piece in pieces(frame, dice):
                sender.line.sendall(piece)
                time.sleep(0.002)  # or the kernel joins them again
            assert (name, told(sender.answer())) == (name, whole)


@pytest.mark.parametrize("most", [SMALL // 2, pytest.param(SMALL * 4, marks=pytest.mark.long)])
def test_splits_at_every_place_through_the_socket(shared_hl7: Hl7Door, most: int) -> None:  # noqa: F811
    small = {name: frame for name, frame in answered().items() if len(frame) <= most}
    assert small
    for name, frame in small.items():
        whole = told(ask(shared_hl7.port, content(frame)))
        with Sender(shared_hl7.port) as sender:
            for cut in range(1, len(frame)):
                sender.line.sendall(frame[:cut])
                sender.line.sendall(frame[cut:])
                assert (name, told(sender.answer())) == (name, whole)


def test_samples_in_one_stream_are_answered_in_order(shared_hl7: Hl7Door) -> None:  # noqa: F811
    """Concatenated, and cut where it pleases the network."""
    frames = answered()
    alone = [told(ask(shared_hl7.port, content(frame))) for frame in frames.values()]
    dice = random.Random(SEED)
    with Sender(shared_hl7.port) as sender:
        stream = b"".join(frames.values())
        while stream:
            size = dice.randrange(1, 4000)
            sender.line.sendall(stream[:size])
            stream = stream[size:]
        together = [told(sender.answer()) for _ in frames]

    assert together == alone


# What people would see and staff would read, by natural content: no ids and times of ours.
DUMP = r"""
import json
from klisza.documents.models import Document
from klisza.examinations.models import Appointment, Examination, Order, ReportVersion
from klisza.patients.models import Patient, PatientIdentifier
from klisza.patients import queries
def name(patient):  # of the person: a merge and a change of number, both stated for one moment, are the same to all
    people = queries.aliases(queries.survivor(patient))
    return sorted(f"{r.issuer}|{r.value}" for r in PatientIdentifier.objects.filter(patient__in=people))
found = {
    "patients": [[name(p), p.family_name, p.given_name, str(p.birth_date), p.sex, p.email, p.mobile, p.is_dead]
                 for p in Patient.objects.filter(survivor=None)],
    "orders": [[o.issuer, o.key, name(o.patient), o.state, o.procedure_code, o.modality, o.ward_code,
                str(o.scheduled_at)] for o in Order.objects.all()],
    "examinations": [[name(e.patient), sorted(map(str, e.identifiers.values_list("kind", "value"))), e.state, e.kind,
                      e.report, str(e.performed_at), e.visible] for e in Examination.objects.all()],
    "versions": [[v.report.key, v.status, v.digest, str(v.stated_at)] for v in ReportVersion.objects.all()],
    "documents": [[name(d.patient), d.kind, d.blob.sha256, d.unique_number, d.hidden_reason,
                   bool(d.withdrawn_at)] for d in Document.objects.all()],
    "visits": [[a.key, a.state, str(a.starts_at)] for a in Appointment.objects.all()],
}
print("=" + json.dumps({kind: sorted(map(json.dumps, rows)) for kind, rows in found.items()}))
"""


@pytest.mark.parametrize("rounds", [3, pytest.param(24, marks=pytest.mark.long)])
def test_any_order_ends_in_one_state(prepared: Path, tmp_path: Path, rounds: int) -> None:  # noqa: F811
    """L7: the messages composed for one hospital, shuffled; a patient's messages may come before the patient."""
    frames = [framed(str(file.relative_to(SAMPLES))) for file in sorted((SAMPLES / "composed").glob("*.hl7"))]
    dice, ends = random.Random(SEED), list[str]()
    for number in range(rounds):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "klisza.sqlite3").write_bytes((prepared / "klisza.sqlite3").read_bytes())
        door = Hl7Door(folder).start()
        try:
            with Sender(door.port) as sender:
                for frame in frames:
                    sender.line.sendall(frame)
                    sender.answer()
            door.wait_for("SELECT count(*) FROM gateways_inboundmessage WHERE state = 'waiting'", 0)
            ends.append(next(line for line in door.run("shell", "-c", DUMP).splitlines() if line[:1] == "="))
        finally:
            door.stop()
        dice.shuffle(frames)

    assert _differences(ends) == {}


def _differences(ends: list[str]) -> dict[str, list[str]]:
    """What not every end has."""
    parsed = [json.loads(end[1:]) for end in ends]
    odd = {
        kind: sorted({row for end in parsed for row in set(end[kind]) ^ set(parsed[0][kind])})
        for kind in parsed[0]
    }
    return {kind: rows for kind, rows in odd.items() if rows}
