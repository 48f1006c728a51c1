"""One sender's connection: bytes in, answers out, in their order; its thread lives as long as the socket."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass

import structlog
from django.conf import settings

from klisza.base.errors import Unavailable
from klisza.gateways.hl7v2.answers import Desk
from klisza.gateways.hl7v2.framing import Cut, Framer, framed
from klisza.gateways.hl7v2.inbox import arrive
from klisza.gateways.models import Hl7Peer

log = structlog.get_logger(__name__)

PIECE = 65_536
TICK_SECONDS = 1.0
ANSWER_SECONDS = 10  # a sender that does not take its answer is gone
# A machine that vanished without a word is noticed after about three minutes of silence.
KEEP_ALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 30), (socket.TCP_KEEPCNT, 4))
# A sender that sends at once after each answer, so many times in a row, empties a queue: from then on it is answered
# as soon as the message is safe.
AT_ONCE_SECONDS, IN_A_ROW = 0.1, 16
BIG = 4 * 1024 * 1024
# A message of 64 MiB takes a multiple of that while it is read: one of that kind at a time.
big_ones = threading.Semaphore(1)
# Many small ones are read one after the other: threads that all want the interpreter hinder each other.
SMALL = 256 * 1024
in_turn = threading.Lock()


@dataclass(frozen=True)
class Caller:
    """Who is connected. senders(): the entries of the list that fit now, the best first."""

    address: str
    certificate_name: str
    senders: Callable[[], Sequence[Hl7Peer]]
    is_open: bool  # strangers from here may send, too

    @property
    def may_stay(self) -> bool:
        return self.is_open or bool(self.senders())

    @property
    def limit(self) -> int:
        """Bytes of the largest message any of them may send."""
        sizes = [peer.frame_mb for peer in self.senders()] + ([settings.HL7_FRAME_MB] if self.is_open else [])
        return max(sizes, default=1) * 1024 * 1024


class Connection:
    def __init__(self, line: socket.socket, caller: Caller, desk: Desk, closing: threading.Event) -> None:
        self.line, self.caller, self.desk, self.closing = line, caller, desk, closing
        self.framer = Framer(folder=settings.DATA_DIR / "scratch", limit=caller.limit)
        self.messages = self.in_a_row = 0
        self.answered = -AT_ONCE_SECONDS
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, seconds in KEEP_ALIVE:
            line.setsockopt(socket.IPPROTO_TCP, option, seconds)

    def run(self) -> str:
        """Until one side ends it; returns the cause when that was us, for the record of refusals."""
        try:
            while (received := self._receive()) and self.caller.may_stay:
                for raw in self.framer.feed(received):
                    self._take(raw)
        except Cut as cut:
            return str(cut)
        except Unavailable as fault:  # not kept, so not answered: the sender comes again
            log.error("hl7_not_taken", address=self.caller.address, cause=str(fault))
        except OSError:
            pass  # the other side is gone
        finally:
            self.framer.close()
        return ""

    def _receive(self) -> bytes:
        """Some bytes; none at the end. A message has its time, the silence between two has none (R06)."""
        while not (self.closing.is_set() and self.framer.frame is None):
            frame = self.framer.frame
            left = (
                TICK_SECONDS if frame is None else frame.began + settings.HL7_FRAME_SECONDS - time.monotonic()
            )
            if left <= 0:
                raise Cut("message not complete in time")
            self.line.settimeout(min(TICK_SECONDS, left))
            with suppress(TimeoutError, ssl.SSLWantReadError):
                received = self.line.recv(PIECE)
                with suppress(OSError):
                    # Or the kernel delays its acknowledgement while a sender with Nagle waits for it.
                    self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                return received
        return b""

    def _take(self, raw: bytes) -> None:
        self.messages += 1  # before the answer: from now on nobody takes this line for a silent one
        self.in_a_row = self.in_a_row + 1 if time.monotonic() - self.answered < AT_ONCE_SECONDS else 0
        if len(raw) > BIG:
            with big_ones:
                self._answer(raw)
        else:
            self._answer(raw)
        self.answered = time.monotonic()

    def _answer(self, raw: bytes) -> None:
        caller = self.caller
        senders = caller.senders()
        with in_turn if len(raw) < SMALL else nullcontext():
            arrival = arrive(raw, address=caller.address, senders=senders, is_open=caller.is_open)
        for answer in self.desk.take(arrival, in_haste=self.in_a_row >= IN_A_ROW):
            self.line.settimeout(ANSWER_SECONDS)
            self.line.sendall(framed(answer))
