"""Waiting messages take effect here: one at a time, in the order of their arrival, by whoever holds the lease."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from django.db import DatabaseError, connection, connections

from klisza.base.database import drop_stale_connections
from klisza.base.errors import Unavailable
from klisza.gateways import queries
from klisza.gateways.hl7v2 import router
from klisza.gateways.hl7v2.aside import on_database
from klisza.gateways.hl7v2.context import Trouble
from klisza.gateways.hl7v2.inbox import Inbox
from klisza.gateways.hl7v2.lease import Lease, is_free
from klisza.gateways.hl7v2.router import Outcome
from klisza.gateways.models import InboundMessage
from klisza.standards.hl7v2 import facts

log = structlog.get_logger(__name__)
State = InboundMessage.State
LOOK_SECONDS = 0.5  # for messages of other processes, and for a lease that became free
LOOK_AT_ROW_SECONDS = 0.25  # while another process applies what we wait for
MOST_AT_ONCE = 32
LONG_QUEUE = 3
MOST_REMEMBERED = 512
MOST_ATTEMPTS = 6  # after a process died with messages waiting: what has killed it so often is set aside
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
GIVE_WAY_SECONDS = 0.5  # before each message, while senders empty their queues: receiving goes first
TURN_SECONDS = 0.1  # before each transaction, while the inbox wants to write
IDLE_SECONDS = 5.0  # a database connection is looked at that often; opening one for each message costs much


class Queue:
    """What one process applies while it holds the lease. Used by one thread."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.pauses: dict[int, tuple[float, float]] = {}  # message -> (again at, pause) after Unavailable
        self.careful: bool | None = None

    def due(self) -> list[InboundMessage]:
        """The next ones. Raises DatabaseError."""
        if self.careful is None:
            self.careful = self.lease.was_orphaned
        now = time.monotonic()
        besides = [key for key, (again, _) in self.pauses.items() if again > now]
        rows = list(queries.waiting(besides=besides).select_related("peer")[:MOST_AT_ONCE])
        if not rows:
            self.careful = False  # nothing that was there before we came is left
        return rows

    def apply(self, message: InboundMessage, read: facts.Read | None = None) -> Outcome | None:
        """None: try later. Raises DatabaseError."""
        if self.careful and self._was_deadly(message):
            outcome = Outcome(State.FAILED, reason="the process died each time while applying it")
            outcome.troubles.append(Trouble("failed", detail=outcome.reason))
            router.settle(message, outcome)
            return outcome
        try:
            outcome = router.process(message, read=read)
        except Unavailable as fault:
            _, pause = self.pauses.get(message.pk, (0.0, FIRST_PAUSE_SECONDS / 2))
            pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
            self.pauses[message.pk] = (time.monotonic() + pause, pause)
            log.warning("hl7_not_now", message=str(message.uid), cause=str(fault), again_in_seconds=pause)
            return None
        self.pauses.pop(message.pk, None)
        return outcome

    def _was_deadly(self, message: InboundMessage) -> bool:
        """Counted only after a death, so that the usual message costs no extra commit."""
        message.attempts += 1
        InboundMessage.objects.filter(pk=message.pk).update(attempts=message.attempts)
        return message.attempts > MOST_ATTEMPTS


class Applier:
    """The listener's applier: applies, and tells the connections that wait for an answer."""

    def __init__(self, inbox: Inbox) -> None:
        """It gives way to the inbox of its process: there senders wait."""
        self.inbox = inbox
        self.lease = Lease()
        self.queue = Queue(self.lease)
        self.lock = threading.Lock()
        self.told: dict[int, list[asyncio.Future[Outcome]]] = {}
        self.outcomes: OrderedDict[int, Outcome] = OrderedDict()
        self.reads: dict[int, facts.Read] = {}
        self.open: set[int] = set()
        self.left = 0  # of the batch at hand
        self.waiting = 0  # connections that wait for an effect
        self.wake, self.closing = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run, name="hl7-applier", daemon=True)
        self.thread.start()

    @property
    def is_long(self) -> bool:
        return max(self.left, len(self.open)) >= LONG_QUEUE

    def expect(self, key: int, read: facts.Read | None) -> None:
        """A message is in the inbox."""
        with self.lock:
            if key not in self.outcomes and len(self.open) < MOST_REMEMBERED:
                self.open.add(key)
                if read is not None and len(self.reads) < MOST_AT_ONCE:
                    self.reads[key] = read
        self.wake.set()

    async def wait(self, key: int, seconds: float) -> Outcome | None:
        """How it ended; None when that takes longer."""
        self.waiting += 1
        try:
            return await self._wait(key, time.monotonic() + seconds)
        finally:
            self.waiting -= 1

    async def _wait(self, key: int, deadline: float) -> Outcome | None:
        while (left := deadline - time.monotonic()) > 0:
            with suppress(TimeoutError):
                return await asyncio.wait_for(self._outcome(key), min(left, LOOK_AT_ROW_SECONDS))
            if not self.lease.is_held and (found := await on_database(None, _ended, key)):
                return found
        return None

    async def _outcome(self, key: int) -> Outcome:
        told: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        with self.lock:
            if found := self.outcomes.get(key):
                return found
            self.told.setdefault(key, []).append(told)
        try:
            return await told
        finally:
            with self.lock:
                self._forget(key, told)

    def _forget(self, key: int, told: asyncio.Future[Outcome]) -> None:
        others = [other for other in self.told.pop(key, []) if other is not told]
        if others:
            self.told[key] = others

    def close(self) -> None:
        """After the message at hand; the lease is free at once."""
        self.closing.set()
        self.wake.set()
        self.thread.join()

    def _run(self) -> None:
        router.prepare()
        connection.execute_wrappers.append(self._let_write)
        looked = time.monotonic()
        while not self.closing.is_set():
            self.wake.clear()
            if time.monotonic() - looked > IDLE_SECONDS:
                drop_stale_connections()
                looked = time.monotonic()
            try:
                worked = self.lease.take() and self._apply_batch()
            except DatabaseError as fault:
                log.warning("hl7_applier_waits", kind=type(fault).__name__)
                connections.close_all()
                worked = False
            except Exception as fault:  # noqa: BLE001 - the only applier must not end
                log.error("hl7_applier_fault", error=type(fault).__name__)
                worked = False
            if not worked:
                self.wake.wait(LOOK_SECONDS)
        with suppress(DatabaseError):
            self.lease.release()
        connections.close_all()

    def _apply_batch(self) -> bool:
        batch = self.queue.due()
        try:
            for place, message in enumerate(batch):
                self.left = len(batch) - place
                if self.closing.is_set() or not self.lease.is_held:
                    return True
                self._give_way()
                with self.lock:
                    read = self.reads.pop(message.pk, None)
                self._finish(message.pk, self.queue.apply(message, read))
        finally:
            self.left = 0
        return bool(batch)

    def _give_way(self) -> None:
        deadline = time.monotonic() + GIVE_WAY_SECONDS
        while self.inbox.is_flooded and not self.waiting and time.monotonic() < deadline:
            time.sleep(0.01)

    def _let_write(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        """SQLite has one writer at a time: before the next transaction the inbox has its turn."""
        if sql.startswith("BEGIN"):
            deadline = time.monotonic() + TURN_SECONDS
            while self.inbox.is_pending and time.monotonic() < deadline:
                time.sleep(0.001)
        return execute(sql, params, many, context)

    def _finish(self, key: int, outcome: Outcome | None) -> None:
        with self.lock:
            self.open.discard(key)
            if outcome is None:
                return
            self.outcomes[key] = outcome
            while len(self.outcomes) > MOST_REMEMBERED:
                self.outcomes.popitem(last=False)
            told = self.told.pop(key, [])
        for each in told:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                each.get_loop().call_soon_threadsafe(_say, each, outcome)


def _say(told: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not told.done():
        told.set_result(outcome)


def _ended(key: int) -> Outcome | None:
    """What another process made of it."""
    row = InboundMessage.objects.defer("raw").filter(pk=key).exclude(state=State.WAITING).first()
    return Outcome(row.state, row.answer, row.code, row.location, row.reason) if row else None


def apply_orphans(*, most_seconds: float) -> int:
    """For the worker: when nobody holds the lease and messages wait, take over for a while."""
    if not queries.waiting().exists() or not is_free():
        return 0
    lease = Lease()
    if not lease.take():
        return 0
    done, deadline, queue = 0, time.monotonic() + most_seconds, Queue(lease)
    try:
        while time.monotonic() < deadline and (batch := queue.due()):
            for message in batch:
                if not lease.is_held or time.monotonic() > deadline:
                    break
                done += queue.apply(message) is not None
    finally:
        lease.release()
    return done
