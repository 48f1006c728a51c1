"""MLLP framing on bytes: the same messages come out whatever the pieces in which they arrive."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from klisza.gateways.hl7v2.framing import IN_MEMORY, MOST_GARBAGE, Cut, Framer, framed

ONE, TWO = b"MSH|^~\\&|A\rPID|1\r", b"MSH|^~\\&|B\nPID|2"


def framer(folder: Path, limit: int = 4 * IN_MEMORY) -> Framer:
    return Framer(folder=folder, limit=limit)


def fed(folder: Path, sent: bytes, cuts: list[int]) -> list[bytes]:
    """What comes out when `sent` arrives in pieces that end at `cuts`."""
    reader, found = framer(folder), list[bytes]()
    for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        found += reader.feed(sent[begin:end])
    return found


@pytest.mark.parametrize(
    "sent",
    [
        framed(ONE) + framed(TWO),
        b"\r\n \x00keep-alive\r\n" + framed(ONE) + b"\n" + framed(TWO),
        b"\x0b" + ONE + b"\x1c\x0b" + TWO + b"\x1c",  # without the closing CR
        b"\x0b" + ONE + b"\x1c\n\x0b" + TWO + b"\x1c\r\n",
    ],
)
def test_every_split_gives_the_same(tmp_path: Path, sent: bytes) -> None:
    for place in range(len(sent) + 1):
        assert fed(tmp_path, sent, [place]) == [ONE, TWO]
    assert fed(tmp_path, sent, list(range(1, len(sent)))) == [ONE, TWO]


def test_large_messages_go_by_way_of_a_file(tmp_path: Path) -> None:
    dice = random.Random(3)
    large = b"MSH|" + bytes(dice.choices(range(32, 127), k=3 * IN_MEMORY))
    sent = framed(large) + framed(ONE)
    cuts = sorted(dice.sample(range(len(sent)), 40))

    assert fed(tmp_path, sent, cuts) == [large, ONE]
    assert list(tmp_path.iterdir()) == []


def test_a_start_inside_a_message_is_an_end(tmp_path: Path) -> None:
    """R06: what was complete before it still counts."""
    messages = framer(tmp_path).feed(framed(ONE) + b"\x0bMSH|\x0bMSH|")

    assert next(messages) == ONE
    with pytest.raises(Cut, match="start block"):
        next(messages)


def test_a_message_beyond_the_limit_is_an_end(tmp_path: Path) -> None:
    reader = framer(tmp_path, limit=2 * IN_MEMORY)

    list(reader.feed(b"\x0b" + b"x" * 2 * IN_MEMORY))

    with pytest.raises(Cut, match="too large"):
        list(reader.feed(b"x"))
    reader.close()

    assert list(tmp_path.iterdir()) == []


def test_endless_garbage_is_an_end(tmp_path: Path) -> None:
    reader = framer(tmp_path)

    with pytest.raises(Cut, match="no message"):
        list(reader.feed(b"x" * (MOST_GARBAGE + 1)))


def test_garbage_counts_between_two_messages_only(tmp_path: Path) -> None:
    reader = framer(tmp_path)
    noise = b"\r\n" * (MOST_GARBAGE // 4)

    assert [*reader.feed(noise + framed(ONE) + noise + framed(ONE) + noise)] == [ONE, ONE]
