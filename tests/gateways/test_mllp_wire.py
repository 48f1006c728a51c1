"""A socket on the event loop: nothing is taken that nobody asked for, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from klisza.gateways.hl7v2 import wire
from klisza.gateways.hl7v2.wire import PIECE, Line

from .door import prepared  # noqa: F401 - fixture
from .hl7door import END, START, Hl7Door, Sender, adt, code, hl7, place  # noqa: F401 - fixtures

Talk = Callable[[Line, socket.socket], Awaitable[None]]


def over_loopback(talk: Talk) -> None:
    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            sender = socket.create_connection(listener.getsockname())
            plain, _ = listener.accept()
        with sender:
            sender.setblocking(False)
            plain.setblocking(False)
            line = Line(plain, is_tls=False)
            await asyncio.get_running_loop().connect_accepted_socket(lambda: line, plain)
            try:
                await talk(line, sender)
            finally:
                line.close()
                await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(run(), 20))


async def fill(sender: socket.socket) -> int:
    """As much as the kernels take while the other side does not read."""
    sent = 0
    for _ in range(20):
        try:
            while True:
                sent += sender.send(b"x" * PIECE)
        except BlockingIOError:
            await asyncio.sleep(0.01)
    return sent


async def send_on(line: Line, data: bytes) -> None:
    while True:
        await line.send(data)
        await asyncio.sleep(0)


def test_bytes_come_in_their_order() -> None:
    async def talk(line: Line, sender: socket.socket) -> None:
        sent = bytes(range(256)) * 4096
        sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(sender, sent))
        received = b""
        while len(received) < len(sent):
            received += await line.receive()
            await asyncio.sleep(0)  # more comes while nobody asks
        await sending
        assert received == sent

    over_loopback(talk)


def test_nothing_is_taken_unasked() -> None:
    async def talk(line: Line, sender: socket.socket) -> None:
        await asyncio.get_running_loop().sock_sendall(sender, b"a")
        assert await line.receive() == b"a"
        await fill(sender)
        assert len(line.rest) <= PIECE

    over_loopback(talk)


def test_the_end_comes_after_what_was_sent() -> None:
    async def talk(line: Line, sender: socket.socket) -> None:
        await asyncio.get_running_loop().sock_sendall(sender, b"last")
        sender.shutdown(socket.SHUT_WR)
        assert [await line.receive(), await line.receive(), await line.receive()] == [b"last", b"", b""]
        await line.send(b"answer")
        assert await asyncio.get_running_loop().sock_recv(sender, 100) == b"answer"

    over_loopback(talk)


def test_who_takes_no_answer_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ANSWER_SECONDS", 0.2)

    async def talk(line: Line, sender: socket.socket) -> None:
        with pytest.raises(TimeoutError):
            await send_on(line, b"x" * PIECE)

    over_loopback(talk)


def test_who_has_gone_gets_no_answer() -> None:
    async def talk(line: Line, sender: socket.socket) -> None:
        sender.close()
        assert await line.receive() == b""
        with pytest.raises(ConnectionResetError):
            await send_on(line, b"x")

    over_loopback(talk)


def test_waking_is_no_end() -> None:
    async def talk(line: Line, sender: socket.socket) -> None:
        asyncio.get_running_loop().call_later(0.05, line.wake)
        assert await line.receive() == b""
        await asyncio.get_running_loop().sock_sendall(sender, b"more")
        assert await line.receive() == b"more"

    over_loopback(talk)


def test_a_sender_may_close_its_half(hl7: Hl7Door) -> None:  # noqa: F811
    with Sender(hl7.port) as sender:
        sender.line.sendall(START + adt("X-1") + END + START + adt("X-2") + END)
        sender.line.shutdown(socket.SHUT_WR)

        assert [code(sender.answer()), code(sender.answer())] == ["AA", "AA"]
        assert sender.is_shut(within=5)
