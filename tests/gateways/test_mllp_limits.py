"""R06: whoever abuses the framing loses the connection, and nobody else notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from .door import prepared  # noqa: F401 - fixture
from .hl7door import END, START, Hl7Door, Sender, adt, ask, code, hl7, place  # noqa: F401 - fixtures

MOST_SECONDS = 35
MOST_MORE_KB = 32 * 1024
ANSWERED_WITHIN = 2


@contextmanager
def watched(door: Hl7Door) -> Iterator[None]:
    """Meanwhile memory stays in bounds and good messages are answered at once."""
    for number in range(3):
        ask(door.port, adt(f"W-{number}"))  # whatever is loaded at the first message is loaded now
    before, most, slowest, over = door.resident_kb(), 0, 0.0, threading.Event()

    def look() -> None:
        nonlocal most, slowest
        while not over.wait(0.3):
            began = time.monotonic()
            assert code(ask(door.port, adt(f"W-{began}"))) == "AA"
            slowest = max(slowest, time.monotonic() - began)
            most = max(most, door.resident_kb())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert slowest <= ANSWERED_WITHIN
    assert most - before <= MOST_MORE_KB


def no_end(sender: Sender) -> None:
    sender.line.sendall(START + b"MSH|^~\\&|")


def nested_start(sender: Sender) -> None:
    sender.line.sendall(START + adt("N-1") + START + adt("N-2") + END)


def drip(sender: Sender) -> None:
    sender.line.sendall(START)
    with suppress(OSError):
        for byte in adt("N-3") * 10:
            sender.line.sendall(bytes([byte]))
            time.sleep(0.5)


def endless(sender: Sender) -> None:
    """1 GiB, as fast as it is taken."""
    piece = b"x" * 1024 * 1024
    with suppress(OSError):
        sender.line.sendall(START)
        for _ in range(1024):
            sender.line.sendall(piece)


def noise(sender: Sender) -> None:
    with suppress(OSError):
        for _ in range(64):
            sender.line.sendall(b"GET / HTTP/1.1\r\n" * 1024)


@pytest.mark.parametrize("abuse", [nested_start, endless, noise])
def test_an_abuser_is_cut_off(hl7: Hl7Door, abuse: Callable[[Sender], None]) -> None:  # noqa: F811
    with watched(hl7), Sender(hl7.port) as sender:
        _is_cut_off(sender, abuse)
    _are_noted(hl7, 1)


def test_slow_abusers_are_cut_off_and_the_silent_are_not(hl7: Hl7Door) -> None:  # noqa: F811
    """The clock runs within a message, not between two; all three wait at the same time."""
    with watched(hl7), Sender(hl7.port) as endless, Sender(hl7.port) as slow, Sender(hl7.port) as silent:
        assert code(silent.ask(adt("Q-1"))) == "AA"
        began = time.monotonic()
        waiting = threading.Thread(target=_is_cut_off, args=(endless, no_end))
        waiting.start()
        _is_cut_off(slow, drip)
        waiting.join()
        assert endless.is_shut(within=1)
        assert not silent.is_shut(within=max(1, MOST_SECONDS - (time.monotonic() - began)))
        silent.line.settimeout(10)
        assert code(silent.ask(adt("Q-2"))) == "AA"
    _are_noted(hl7, 2)


def _is_cut_off(sender: Sender, abuse: Callable[[Sender], None]) -> None:
    began = time.monotonic()
    threading.Thread(target=abuse, args=(sender,), daemon=True).start()
    assert sender.is_shut(within=MOST_SECONDS)
    assert time.monotonic() - began <= MOST_SECONDS


def _are_noted(door: Hl7Door, connections: int) -> None:
    door.wait_for("SELECT count(*) FROM gateways_refusedconnection", connections)
    assert door.rows("SELECT count(*) FROM gateways_inboundmessage WHERE control_id = ''") == [(0,)]


def test_silent_connections_do_not_block_senders(hl7: Hl7Door) -> None:  # noqa: F811
    """Two floods from two addresses, and a sender from one of them: who never speaks makes room."""
    speaking = Sender(hl7.port, source="127.0.0.3")
    speaking.ask(adt("F-0"))
    flood = [Sender(hl7.port, source=f"127.0.0.{1 + number % 2}") for number in range(100)]
    try:
        for number in range(5):
            began = time.monotonic()
            assert code(ask(hl7.port, adt(f"F-{number}"))) == "AA"
            assert time.monotonic() - began <= ANSWERED_WITHIN
        assert code(speaking.ask(adt("F-9"))) == "AA"
    finally:
        for sender in (*flood, speaking):
            sender.line.close()


def test_more_than_the_cap_are_turned_away(hl7: Hl7Door) -> None:  # noqa: F811
    """32 of one address that have all sent something: the next one finds the door shut."""
    senders = [Sender(hl7.port) for _ in range(32)]
    try:
        assert {code(sender.ask(adt(f"C-{number}"))) for number, sender in enumerate(senders)} == {"AA"}
        with Sender(hl7.port) as late:
            assert late.is_shut(within=5)
        with Sender(hl7.port, source="127.0.0.2") as other:
            assert code(other.ask(adt("C-other"))) == "AA"
        assert code(senders[0].ask(adt("C-again"))) == "AA"
    finally:
        for sender in senders:
            sender.line.close()


def test_a_sender_may_have_a_smaller_limit(place: Path) -> None:  # noqa: F811
    closed = Hl7Door(place, HL7_OPEN="0")
    closed.run("peer", "add", "small", "--hl7", "--address", "127.0.0.1", "--frame-mb", "1")
    closed.start()
    try:
        with Sender(closed.port) as sender:
            with suppress(OSError):
                sender.line.sendall(START + adt("M-1") + b"NTE|1||" + b"x" * 2_000_000 + END)
            assert sender.is_shut(within=5)
        assert code(ask(closed.port, adt("M-2"))) == "AA"
    finally:
        closed.stop()
