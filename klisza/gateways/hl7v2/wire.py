"""One socket on the event loop: its bytes when somebody asks for them."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

PIECE = 256 * 1024
ANSWER_SECONDS = 10  # a sender that does not take its answer is gone
# A machine that vanished without a word is noticed after about three minutes of silence.
KEEP_ALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 30), (socket.TCP_KEEPCNT, 4))
# All lines receive into the same memory: what is in it is taken out before the loop looks at another socket.
_landing = memoryview(bytearray(PIECE))


class Line(asyncio.BufferedProtocol):
    """Nothing is taken from the network before somebody has asked for it."""

    transport: asyncio.Transport

    def __init__(self, plain: socket.socket, *, is_tls: bool) -> None:
        self.plain, self.is_tls = plain, is_tls
        self.rest = b""  # came in one go with what was asked for
        self.is_made = self.is_at_end = self.is_lost = self.is_full = False
        self.waiter: asyncio.Future[bytes] | None = None
        self.drained: asyncio.Future[None] | None = None
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, seconds in KEEP_ALIVE:
            plain.setsockopt(socket.IPPROTO_TCP, option, seconds)

    async def receive(self) -> bytes:
        """Some bytes; none at the end."""
        if self.rest or self.is_at_end:
            received, self.rest = self.rest, b""
            return received
        self.waiter = asyncio.get_running_loop().create_future()
        self.transport.resume_reading()
        return await self.waiter

    async def send(self, data: bytes) -> None:
        """Returns when the kernel has it. Raises OSError, TimeoutError among them."""
        if self.is_lost:
            raise ConnectionResetError
        self.transport.write(data)
        if self.is_full:
            self.drained = asyncio.get_running_loop().create_future()
            await asyncio.wait_for(self.drained, ANSWER_SECONDS)

    def wake(self) -> None:
        """Who asks gets nothing, and may ask again."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(b"")

    def _end_input(self) -> None:
        self.is_at_end = True
        self.wake()

    def close(self) -> None:
        """At once: what was to be sent has been taken by the kernel, and nobody waits for the other side."""
        if self.is_made:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self.transport, self.is_made = transport, True
        transport.pause_reading()
        transport.set_write_buffer_limits(high=1, low=0)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _landing

    def buffer_updated(self, nbytes: int) -> None:
        received = bytes(_landing[:nbytes])
        with suppress(OSError):
            # Or the kernel delays its acknowledgement while a sender with Nagle waits for it.
            self.plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(received)
        else:
            self.rest += received
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        self._end_input()
        return not self.is_tls  # the answer may still be wanted; TLS ends in both directions

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        if self.drained is not None and not self.drained.done():
            self.drained.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        self._end_input()
        if self.drained is not None and not self.drained.done():
            self.drained.set_exception(ConnectionResetError())
