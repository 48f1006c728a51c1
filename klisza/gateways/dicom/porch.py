"""Where callers wait until they have said who they are: one thread for all, no association slot taken.

A library that gives every connection a thread and a slot is blocked by 12 silent sockets and reads a PDU
of the length its sender announces (trust.md P11, P12). Here a caller has a few seconds to deliver a complete
A-ASSOCIATE-RQ; the length is judged before anything is read, and only then does a thread take over.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from klisza.standards.dul.pdus import (
    FIXED_BYTES,
    HEADER_BYTES,
    INVALID_VALUE,
    SERVICE_PROVIDER,
    Kind,
    abort,
    length_of,
)

log = structlog.get_logger(__name__)

MOST_WAITING = 256  # the oldest goes when another one comes: an honest caller speaks within milliseconds
PIECE = 65_536
TICK_SECONDS = 0.2
# 128 contexts with every transfer syntax there is take 300 KB; a longer request is no request (R20).
LONGEST_REQUEST = 1024 * 1024
NO_REQUEST = abort(SERVICE_PROVIDER, INVALID_VALUE)

Admit = Callable[[socket.socket, str, bytes], None]


@dataclass
class _Caller:
    connection: socket.socket
    address: str
    deadline: float
    received: bytearray = field(default_factory=bytearray)

    def wanted(self) -> int:
        """Bytes still missing of the header, or of the whole request once its length is known."""
        whole = HEADER_BYTES
        if len(self.received) >= HEADER_BYTES:
            whole += length_of(self.received)
        return whole - len(self.received)

    def is_plausible(self) -> bool:
        if len(self.received) < HEADER_BYTES:
            return True
        length = length_of(self.received)
        return self.received[0] == Kind.A_ASSOCIATE_RQ and FIXED_BYTES <= length <= LONGEST_REQUEST


class Porch:
    def __init__(self, listener: socket.socket, admit: Admit, *, patience: float) -> None:
        """admit(connection, address, request) takes over who delivered a whole request; must not block."""
        self.listener = listener
        self.admit = admit
        self.patience = patience
        self.waiting: dict[int, _Caller] = {}  # by descriptor, in order of arrival
        self.selector = selectors.DefaultSelector()

    def run(self, stop: threading.Event) -> None:
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ)
        while not stop.is_set():
            for key, _ in self.selector.select(TICK_SECONDS):
                if key.fileobj is self.listener:
                    self._greet()
                elif caller := self.waiting.get(key.fd):
                    self._listen_to(caller)
            self._send_the_silent_away()
        for caller in list(self.waiting.values()):
            self._dismiss(caller)
        self.selector.close()

    def _greet(self) -> None:
        with suppress(OSError):  # gone again, or no descriptor free: the next turn tries again
            connection, (address, *_) = self.listener.accept()
            connection.setblocking(False)
            caller = _Caller(connection, address, time.monotonic() + self.patience)
            self.waiting[connection.fileno()] = caller
            self.selector.register(connection, selectors.EVENT_READ)
            if len(self.waiting) > MOST_WAITING:
                self._dismiss(next(iter(self.waiting.values())))

    def _listen_to(self, caller: _Caller) -> None:
        try:
            piece = caller.connection.recv(min(PIECE, caller.wanted()))
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._dismiss(caller)
            return
        caller.received += piece
        if not caller.is_plausible():
            log.warning("dicom_caller_refused", address=caller.address, reason="no association request")
            with suppress(OSError):
                caller.connection.send(NO_REQUEST)
            self._dismiss(caller)
        elif not caller.wanted():
            self._forget(caller)
            caller.connection.setblocking(True)
            self.admit(caller.connection, caller.address, bytes(caller.received))

    def _send_the_silent_away(self) -> None:
        """The deadline counts from the connect: bytes that drip in do not move it."""
        now = time.monotonic()
        for caller in list(self.waiting.values()):
            if caller.deadline > now:
                break
            self._dismiss(caller)

    def _dismiss(self, caller: _Caller) -> None:
        self._forget(caller)
        caller.connection.close()

    def _forget(self, caller: _Caller) -> None:
        self.selector.unregister(caller.connection)
        del self.waiting[caller.connection.fileno()]
