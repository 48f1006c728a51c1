"""The socket of one association: whole PDUs within their time, read ahead, never more than the judged length."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

from klisza.standards.dul.pdus import HEADER_BYTES

READ_AHEAD = 65_536
PDU_SECONDS = 30  # for one PDU: slower than any line, faster than a slow drip
SEND_SECONDS = 30  # a peer that does not take its answer is gone


class Wire:
    def __init__(self, connection: socket.socket, *, longest: int) -> None:
        """longest: bytes of the longest PDU behind its header."""
        self.connection = connection
        self.buffer = memoryview(bytearray(HEADER_BYTES + longest + READ_AHEAD))
        self.start = self.end = 0
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def header(self, *, patience: float) -> memoryview:
        """The next PDU's header. patience: seconds of silence before it. Raises OSError; TimeoutError: silence."""
        if self.start == self.end:
            self._read_some(time.monotonic() + patience)
        return self.take(HEADER_BYTES, time.monotonic() + PDU_SECONDS)

    def body(self, size: int) -> memoryview:
        """Valid until the next read. Raises OSError."""
        return self.take(size, time.monotonic() + PDU_SECONDS)

    def take(self, size: int, deadline: float) -> memoryview:
        if self.start + size > len(self.buffer):
            rest = bytes(self.buffer[self.start : self.end])
            self.buffer[: len(rest)] = rest
            self.start, self.end = 0, len(rest)
        while self.end - self.start < size:
            self._read_some(deadline)
        self.start += size
        return self.buffer[self.start - size : self.start]

    def send(self, data: bytes) -> None:
        """Raises OSError."""
        self.connection.settimeout(SEND_SECONDS)
        self.connection.sendall(data)

    def drain(self, seconds: float) -> bool:
        """Whatever still comes is thrown away; True when the other side has closed in time."""
        deadline = time.monotonic() + seconds
        with suppress(OSError):
            while True:
                self.start = self.end = 0
                self._read_some(deadline)
        return time.monotonic() < deadline

    def _read_some(self, deadline: float) -> None:
        if self.start == self.end:
            self.start = self.end = 0
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
        count = self.connection.recv_into(self.buffer[self.end :])
        if not count:
            raise ConnectionError("ended")
        # Or the kernel delays its acknowledgement while a sender with Nagle waits: 15 ms an instance.
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        self.end += count
