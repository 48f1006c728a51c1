"""Our upper layer beside pynetdicom's: the same generated associations, valid, odd and hostile, end the same way.

What may differ is listed in DIFFERENCES with its reason; everything else is a fault of ours.
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import zip_longest

import pytest
from pydicom.uid import generate_uid
from pynetdicom.dimse_messages import C_ECHO_RQ, C_FIND_RQ, C_STORE_RQ
from pynetdicom.dimse_primitives import C_ECHO, C_FIND, C_STORE
from pynetdicom.dsutils import decode

from klisza.standards.dicom.uids import EXPLICIT_BE, VERIFICATION
from klisza.standards.dul.pdus import APPLICATION_CONTEXT, HEADER_BYTES, length_of

from .door import HOST, Door, prepared, shared_door  # noqa: F401 - fixtures
from .objects import CT, EXPLICIT, IMPLICIT, dataset, encode
from .oracle import MR

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
PATIENCE = 8.0
Trace = list[tuple[object, ...]]

# Where ours ends an association otherwise than the library, by the step, and why.
DIFFERENCES = {
    "application": "an application context that is not DICOM's is rejected (PS3.8 7.1.1.2); the library takes any",
    "response": "a response nobody waits for is a violation; the library answers it as if it were the request",
    "two contexts": "a message belongs to one presentation context (PS3.8 annex E); the library mixes them",
    "oversize": "refused by its announced length with an A-ABORT; the library waits for two gigabytes (R20)",
    "value of no command": "aborted; the library's thread dies of it and the sender waits",
    "PDU": "PS3.8 asks for an A-ABORT before the connection is closed; the library sometimes only closes",
}


@dataclass(frozen=True)
class Step:
    """sent: bytes on the line. answers: how many PDUs to wait for."""

    name: str
    sent: bytes
    answers: int = 0


def pdu(kind: int, body: bytes) -> bytes:
    return bytes((kind, 0)) + len(body).to_bytes(4, "big") + body


def item(kind: int, body: bytes) -> bytes:
    return bytes((kind, 0)) + len(body).to_bytes(2, "big") + body


def values(*parts: tuple[int, int, bytes]) -> bytes:
    """One P-DATA-TF with presentation data values of (context, control, data)."""
    return pdu(
        4,
        b"".join(
            (len(data) + 2).to_bytes(4, "big") + bytes((context, control)) + data
            for context, control, data in parts
        ),
    )


def asking(
    proposals: list[tuple[int, str, list[str]]], *, version: int = 1, application: str = APPLICATION_CONTEXT
) -> bytes:
    contexts = b"".join(
        item(
            0x20,
            bytes((number, 0, 0, 0)) + item(0x30, abstract.encode()) + b"".join(item(0x40, one.encode()) for one in syntaxes),
        )
        for number, abstract, syntaxes in proposals
    )  # fmt: skip
    user = item(0x50, item(0x51, (16_384).to_bytes(4, "big")) + item(0x52, b"1.2.3.4"))
    fixed = version.to_bytes(2, "big") + bytes(2) + b"KLISZA".ljust(16) + b"GENERATED".ljust(16) + bytes(32)
    return pdu(1, fixed + item(0x10, application.encode()) + contexts + user)


def command(message: object, primitive: object) -> bytes:
    message.primitive_to_message(primitive)  # type: ignore[attr-defined]
    pieces = message.encode_msg(1, 0)  # type: ignore[attr-defined]
    return bytes(next(iter(pieces)).presentation_data_value_list[0][1][1:])


def echoing(number: int) -> bytes:
    made = C_ECHO()
    made.MessageID, made.AffectedSOPClassUID = number, VERIFICATION
    return command(C_ECHO_RQ(), made)


def storing(number: int, sop_class: str, uid: str) -> bytes:
    made = C_STORE()
    made.MessageID, made.Priority, made.DataSet = number, 2, BytesIO(b"x")
    made.AffectedSOPClassUID, made.AffectedSOPInstanceUID = sop_class, uid
    return command(C_STORE_RQ(), made)


def finding(number: int) -> bytes:
    made = C_FIND()
    made.MessageID, made.Priority, made.AffectedSOPClassUID, made.Identifier = number, 2, FIND, BytesIO(b"x")
    return command(C_FIND_RQ(), made)


class Script:
    """One association, made from a seed."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.number = 0
        self.steps = [self.opening()]
        for _ in range(self.source.randint(0, 5)):
            self.steps.append(self.source.choices(*zip(*self.moves(), strict=True))[0]())
        self.steps.append(self.source.choice((self.release, self.release, self.leave, self.abort))())

    def moves(self) -> list[tuple[Callable[[], Step], int]]:
        return [
            (self.echo, 6), (self.store, 8), (self.store_in_pieces, 6), (self.echo_and_echo, 2), (self.find, 1),
            (self.odd_pdu, 2), (self.lying_value, 1), (self.lost_data, 1), (self.two_contexts, 1),
            (self.unknown_context, 1), (self.again, 1), (self.oversize, 1), (self.mixed, 1), (self.response, 1),
        ]  # fmt: skip

    def opening(self) -> Step:
        kind = self.source.choices(("usual", "version", "application", "none"), (30, 1, 1, 1))[0]
        proposals = [(1, VERIFICATION, [IMPLICIT]), (3, CT, [EXPLICIT])]
        if kind == "usual":
            for number in range(5, 5 + 2 * self.source.randint(0, 6), 2):
                abstract = self.source.choice((CT, MR, VERIFICATION, FIND))
                offered = [
                    EXPLICIT,
                    IMPLICIT,
                    EXPLICIT_BE,
                    "1.2.840.10008.1.2.4.70",
                    "1.2.840.10008.1.2.4.90",
                ]
                proposals.append((number, abstract, self.source.sample(offered, self.source.randint(1, 4))))
        if kind == "none":
            proposals = [(1, FIND, [IMPLICIT])]
        return Step(kind, asking(
            proposals, version=2 if kind == "version" else 1,
            application="1.2.3" if kind == "application" else APPLICATION_CONTEXT,
        ), 1)  # fmt: skip

    def next_number(self) -> int:
        self.number += 1
        return self.number

    def echo(self) -> Step:
        return Step("echo", values((1, 3, echoing(self.next_number()))), 1)

    def store(self) -> Step:
        made = dataset(SOPInstanceUID=generate_uid())
        asked = storing(self.next_number(), CT, made.SOPInstanceUID)
        return Step("store", values((3, 3, asked)) + values((3, 2, encode(made, EXPLICIT))), 1)

    def store_in_pieces(self) -> Step:
        made = dataset(SOPInstanceUID=generate_uid())
        asked, data = storing(self.next_number(), CT, made.SOPInstanceUID), encode(made, EXPLICIT)
        cut, size = self.source.randrange(1, len(asked)), self.source.randrange(1, len(data))
        pieces = [data[place : place + size] for place in range(0, len(data), size)][:50]
        pieces[-1] = data[size * (len(pieces) - 1) :]
        parts = [(3, 1, asked[:cut]), (3, 3, asked[cut:])]
        parts += [(3, 2 * (place == len(pieces)), piece) for place, piece in enumerate(pieces, 1)]
        if self.source.random() < 0.5:
            return Step("store in values", values(*parts), 1)
        return Step("store in PDUs", b"".join(values(part) for part in parts), 1)

    def echo_and_echo(self) -> Step:
        """One after the other without waiting for the answer."""
        return Step("two echoes", b"".join(values((1, 3, echoing(self.next_number()))) for _ in range(2)), 2)

    def mixed(self) -> Step:
        return Step("value of no command", values((1, 3, b"")), 1)

    def find(self) -> Step:
        return Step("find", values((1, 3, finding(self.next_number()))) + values((1, 2, b"x")), 1)

    def response(self) -> Step:
        asked = bytearray(echoing(self.next_number()))
        place = asked.index(b"\x00\x01\x02\x00\x00\x00\x30\x00")
        asked[place + 7] = 0x80
        return Step("response", values((1, 3, bytes(asked))), 1)

    def odd_pdu(self) -> Step:
        kind = self.source.choice((0, 2, 3, 6, 8, 9, 0xFF))
        return Step(f"PDU {kind}", pdu(kind, bytes(4)), 1)

    def lying_value(self) -> Step:
        return Step("lying value", pdu(4, (99).to_bytes(4, "big") + b"\x01\x03abc"), 1)

    def lost_data(self) -> Step:
        return Step("data without command", values((3, 2, b"abcd")), 1)

    def two_contexts(self) -> Step:
        made = storing(self.next_number(), CT, "1.2.3")
        return Step("two contexts", values((3, 3, made)) + values((1, 2, b"abcd")), 1)

    def unknown_context(self) -> Step:
        return Step("unknown context", values((99, 3, echoing(self.next_number()))), 1)

    def again(self) -> Step:
        return Step("second request", asking([(1, VERIFICATION, [IMPLICIT])]), 1)

    def oversize(self) -> Step:
        return Step("oversize", bytes((4, 0)) + (1 << 31).to_bytes(4, "big") + bytes(64), 1)

    def release(self) -> Step:
        return Step("release", pdu(5, bytes(4)), 1)

    def abort(self) -> Step:
        return Step("abort", pdu(7, bytes(4)))

    def leave(self) -> Step:
        return Step("leave", b"")


def play(port: int, script: Script) -> Trace:
    trace: Trace = []
    with closing(socket.create_connection((HOST, port), timeout=PATIENCE)) as line:
        for step in script.steps:
            with suppress(OSError):
                line.sendall(step.sent)
            for _ in range(step.answers):
                found = heard(line)
                trace.append((step.name, *found))
                if found[0] != "response" and found[0] != "accepted":
                    return trace
    return trace


def heard(line: socket.socket) -> tuple[object, ...]:
    """The next PDU in words; the source and reason of an abort are not compared."""
    try:
        header = exactly(line, HEADER_BYTES)
        body = exactly(line, length_of(header))
    except TimeoutError:
        return ("nothing",)
    except OSError:
        return ("closed",)
    if header[0] == 2:
        return ("accepted", tuple(sorted(verdicts(body[68:]))))
    if header[0] == 4:
        said = decode(BytesIO(body[6:]), True, True)
        return ("response", said.CommandField, said.MessageIDBeingRespondedTo, said.Status)
    return ({3: "rejected", 6: "released", 7: "abort"}[header[0]], *(body[1:4] if header[0] == 3 else ()))


def verdicts(items: bytes) -> Iterator[tuple[object, ...]]:
    while items:
        end = 4 + int.from_bytes(items[2:4], "big")
        if items[0] == 0x21:
            syntax = items[12:end].decode() if not items[6] else ""
            yield items[4], items[6], syntax
        items = items[end:]


def exactly(line: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = line.recv(size - len(found))
        if not piece:
            raise ConnectionError
        found += piece
    return found


@pytest.fixture(scope="module")
def oracle() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.gateways.oracle"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    yield int(process.stdout.readline())
    process.terminate()
    process.wait(timeout=20)
    process.stdout.close()


def compare(shared_door: Door, oracle: int, seeds: range) -> list[str]:  # noqa: F811
    wrong = []
    for seed in seeds:
        theirs, ours = play(oracle, Script(seed)), play(shared_door.port, Script(seed))
        for left, right in zip_longest(theirs, ours):
            if left != right:
                name = str((left or right)[0])
                if (name.split(maxsplit=1)[0] if name.startswith("PDU") else name) not in DIFFERENCES:
                    wrong.append(f"{seed}: theirs {left}, ours {right}")
                break
    return wrong


def test_associations_end_as_the_library_ends_them(shared_door: Door, oracle: int) -> None:  # noqa: F811
    """R20: 50 of them here, 2,000 in the long form."""
    wrong = compare(shared_door, oracle, range(50))
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(3600)
@pytest.mark.long
def test_two_thousand_associations(shared_door: Door, oracle: int) -> None:  # noqa: F811
    wrong = compare(shared_door, oracle, range(1000, 3000))
    assert not wrong, "\n".join(wrong)
