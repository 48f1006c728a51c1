"""One sender's connection: bytes in, answers out, in their order, one message at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial

import structlog
from django.conf import settings

from klisza.base.errors import Unavailable
from klisza.gateways.hl7v2.answers import Desk
from klisza.gateways.hl7v2.arrival import Arrival, arrive
from klisza.gateways.hl7v2.aside import Aside, in_thread, on_database
from klisza.gateways.hl7v2.caller import Caller
from klisza.gateways.hl7v2.framing import Cut, Framer, framed
from klisza.gateways.hl7v2.wire import Line

log = structlog.get_logger(__name__)

# A sender that sends at once after each answer, so many times in a row, empties a queue: from then on it is answered
# as soon as the message is safe.
AT_ONCE_SECONDS, IN_A_ROW = 0.1, 16
# Small messages are taken apart on the loop: handing them to another thread costs more than reading them.
SMALL = 256 * 1024
BIG = 4 * 1024 * 1024


class Connection:
    def __init__(self, line: Line, caller: Caller, desk: Desk, aside: Aside) -> None:
        self.line, self.caller, self.desk, self.aside = line, caller, desk, aside
        self.framer = Framer(folder=settings.DATA_DIR / "scratch", limit=caller.limit)
        self.messages = self.in_a_row = 0
        self.answered = -AT_ONCE_SECONDS
        self.is_closing = False

    async def run(self) -> str:
        """Until one side ends it; returns the cause when that was us, for the record of refusals."""
        try:
            while (received := await self._receive()) and await self._may_stay():
                frames = self.framer.feed(received)
                while (raw := await self._next(frames, len(received))) is not None:
                    await self._take(raw)
        except Cut as cut:
            return str(cut)
        except Unavailable as fault:  # not kept, so not answered: the sender comes again
            log.error("hl7_not_taken", address=self.caller.address, cause=str(fault))
        except OSError:
            pass  # the other side is gone
        finally:
            self.framer.close()
        return ""

    def stop(self) -> None:
        """A message that is being received may finish; between two messages this is the end."""
        self.is_closing = True
        if self.framer.frame is None:
            self.line.wake()

    async def _receive(self) -> bytes:
        """Some bytes; none at the end. A message has its time, the silence between two has none (R06)."""
        frame = self.framer.frame
        if frame is None:
            return b"" if self.is_closing else await self.line.receive()
        try:
            async with asyncio.timeout_at(frame.began + settings.HL7_FRAME_SECONDS):
                return await self.line.receive()
        except TimeoutError:
            raise Cut("message not complete in time") from None

    async def _may_stay(self) -> bool:
        if self.caller.is_stale:
            await on_database(self.aside.list, self.caller.look)
        return self.caller.may_stay

    async def _next(self, frames: Iterator[bytes], received: int) -> bytes | None:
        frame = self.framer.frame
        if frame is not None and frame.size + received > SMALL:  # by and by it lies in a file
            return await in_thread(self.aside.heavy, next, frames, None)
        return next(frames, None)

    async def _take(self, raw: bytes) -> None:
        self.messages += 1  # before the answer: from now on nobody takes this line for a silent one
        self.in_a_row = self.in_a_row + 1 if time.monotonic() - self.answered < AT_ONCE_SECONDS else 0
        if len(raw) > BIG:
            async with self.aside.one_big:
                await self._answer(raw)
        else:
            await self._answer(raw)
        self.answered = time.monotonic()

    async def _answer(self, raw: bytes) -> None:
        arrival = await self._read(raw)
        async for answer in self.desk.take(arrival, in_haste=self.in_a_row >= IN_A_ROW):
            await self.line.send(framed(answer))

    async def _read(self, raw: bytes) -> Arrival:
        caller = self.caller
        read = partial(arrive, raw, address=caller.address, senders=caller.senders, is_open=caller.is_open)
        return read() if len(raw) <= SMALL else await in_thread(self.aside.heavy, read)
