"""Messages become durable here, before any answer.

One thread commits for all connections: what comes while a commit waits for the disk goes into the next one, so
that eight busy senders share one sync. That thread also sees every repetition, in one order (2.3, L6).
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from contextlib import suppress

import structlog
from django.db import DatabaseError, OperationalError, connection, connections, transaction

from klisza.base.database import drop_stale_connections
from klisza.base.errors import Unavailable
from klisza.blobs import services as blobs
from klisza.gateways import queries
from klisza.gateways.hl7v2 import rows
from klisza.gateways.hl7v2.arrival import Arrival, row_of
from klisza.gateways.hl7v2.aside import on_database
from klisza.gateways.models import InboundMessage, WorkItem

log = structlog.get_logger(__name__)
State = InboundMessage.State
IN_ROW = 1024 * 1024  # larger messages lie in a blob
MOST_AT_ONCE = 64
IDLE_SECONDS = (
    5.0  # a database connection nobody used that long is looked at again; opening one costs more than a row
)
# So many messages in this time, and no pause since: senders empty their queues.
FLOOD, FLOOD_SECONDS, CALM_SECONDS = 8, 1.0, 0.1
# SQLite lets one write at a time, and whoever waits for it sleeps ever longer: here it is asked again at once.
LOCKED = "database is locked"
ASK_AGAIN_MS, PATIENCE_SECONDS = 2, 20
# SQLite copies its log into the file every 4 MB, which are 50 reports: here every 64 MB. Every other connection still
# does it at 4 MB, and none of those has a sender waiting.
LOG_PAGES = 16_384
REUSED = "control id reused with another body"


class Inbox:
    """keep() belongs to the event loop, the rest to a thread; the rows stand in the order of their commits."""

    def __init__(self) -> None:
        self.queue: queue.SimpleQueue[list[Arrival] | None] = queue.SimpleQueue()
        self.coming: list[Arrival] = []  # read, and not yet with the thread
        self.is_writing = False
        self.prepared: object = None  # the database connection that is set up
        self.kept: deque[float] = deque([-FLOOD_SECONDS], maxlen=FLOOD)
        self.thread = threading.Thread(target=self._run, name="hl7-inbox", daemon=True)
        self.thread.start()

    @property
    def is_pending(self) -> bool:
        """A sender waits for the disk."""
        return self.is_writing or bool(self.coming) or not self.queue.empty()

    @property
    def is_flooded(self) -> bool:
        """Messages come as fast as they are answered: senders empty their queues."""
        now = time.monotonic()
        return (
            len(self.kept) == FLOOD
            and now - self.kept[0] < FLOOD_SECONDS
            and now - self.kept[-1] < CALM_SECONDS
        )

    async def keep(self, arrival: Arrival) -> None:
        """Returns when it is durable. Raises Unavailable when that failed: then nothing may be answered."""
        if len(arrival.raw) > IN_ROW:
            arrival.stored = await on_database(None, blobs.put, arrival.raw)
        loop = asyncio.get_running_loop()
        arrival.kept = loop.create_future()
        if not self.coming:
            loop.call_later(
                0, self._hand_over
            )  # after all that the loop can read now: a commit has its price
        self.coming.append(arrival)
        await arrival.kept
        if arrival.fault is not None:
            raise Unavailable(f"inbox: {type(arrival.fault).__name__}") from arrival.fault

    def _hand_over(self) -> None:
        batch, self.coming = self.coming, []
        self.queue.put(batch)

    def close(self) -> None:
        self.queue.put(None)
        self.thread.join()

    def _run(self) -> None:
        closing = False
        while not closing:
            batch, closing = self._collect()
            if batch and time.monotonic() - self.kept[-1] > IDLE_SECONDS:
                drop_stale_connections()
            if batch:
                self._write(batch)
            self.kept.extend([time.monotonic()] * len(batch))
            _tell(batch)
        connections.close_all()

    def _write(self, batch: list[Arrival]) -> None:
        self.is_writing = True
        if connection.connection is None or connection.connection is not self.prepared:
            _prepare()
            self.prepared = connection.connection
        if not _commit(
            batch
        ):  # a connection was lost, or one of them is at fault: the others need not suffer
            for arrival in batch:
                _commit([arrival])
        self.is_writing = False

    def _collect(self) -> tuple[list[Arrival], bool]:
        batch: list[Arrival] = []
        while len(batch) < MOST_AT_ONCE:
            try:
                more = self.queue.get(block=not batch)
            except queue.Empty:
                break
            if more is None:
                return batch, True
            batch += more
        return batch, False


def _tell(batch: list[Arrival]) -> None:
    """The loop is woken once for all of a commit."""
    told = [arrival.kept for arrival in batch if arrival.kept is not None]
    if told:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            told[0].get_loop().call_soon_threadsafe(_release, told)


def _release(told: list[asyncio.Future[None]]) -> None:
    for kept in told:
        if not kept.done():  # the connection may have gone meanwhile
            kept.set_result(None)


def _prepare() -> None:
    """Of a new connection."""
    if connection.vendor == "sqlite":
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {ASK_AGAIN_MS}")
            cursor.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")


def _commit(batch: list[Arrival]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while not _written(batch, is_last=time.monotonic() > deadline):
            pass
    except Exception as fault:  # noqa: BLE001 - the thread that keeps all messages must outlive each of them
        for arrival in batch:
            arrival.fault, arrival.message, arrival.original = fault, None, None
        log.error("hl7_not_kept", error=type(fault).__name__, messages=len(batch))
        if isinstance(fault, DatabaseError):
            connections.close_all()
        return False
    for arrival in batch:
        arrival.fault = None
    return True


def _written(batch: list[Arrival], *, is_last: bool) -> bool:
    """False: somebody else writes at the moment. Raises DatabaseError."""
    try:
        if not _inserted_at_once(batch):
            with transaction.atomic():
                _insert(batch)
    except OperationalError as fault:
        if is_last or LOCKED not in str(fault):
            raise
        return False
    return True


def _inserted_at_once(batch: list[Arrival]) -> bool:
    """New messages only, as nearly all are: one statement is a transaction by itself.

    Each further statement is a further wait for the thread that reads.
    """
    if any(arrival.stored for arrival in batch):
        return False
    made = [row_of(arrival) for arrival in batch]
    keys = [_key(row) for row in made if row.control_id]
    if len(set(keys)) < len(keys) or not rows.used_keys({row.control_id for row in made} - {""}).isdisjoint(
        keys
    ):
        return False
    rows.insert(made)
    for arrival, row in zip(batch, made, strict=True):
        arrival.message = row
    return True


def _key(row: InboundMessage) -> tuple[str, str, str]:
    return row.sending_application, row.sending_facility, row.control_id


def _insert(batch: list[Arrival]) -> None:
    """One look and one INSERT for all; only what comes under a key that was used before is looked at alone."""
    pairs = [(arrival, row_of(arrival)) for arrival in batch]
    used = rows.used_keys({row.control_id for _, row in pairs} - {""})
    new: list[InboundMessage] = []
    for arrival, row in pairs:
        if _key(row) in used:
            rows.insert(new)
            new = []
            _compare(arrival, row)
        elif row.control_id:
            used.add(_key(row))
        new.append(row)
        arrival.message = row
    rows.insert(new)
    for _, row in pairs:
        if row.warnings and row.state != State.REFUSED:
            WorkItem.objects.create(kind="control_id_reused", message=row, created_at=row.received_at)


def _compare(arrival: Arrival, row: InboundMessage) -> None:
    """With what came under its key before (2.3)."""
    same_key = queries.earlier(
        application=row.sending_application, facility=row.sending_facility, control_id=row.control_id
    )
    same = next((each for each in same_key if each.digest == row.digest), None)
    if same is not None and _is_repetition(arrival, same):
        arrival.original = same
        row.state = State.REPEATED
        row.answer, row.code, row.location, row.reason = same.answer, same.code, same.location, same.reason
        row.finished_at = row.received_at
    elif same_key and same is None:
        row.warnings = [REUSED]


def _is_repetition(arrival: Arrival, same: InboundMessage) -> bool:
    """What was refused is judged anew: a charset, the list of senders, a patient may be known by now (2.3)."""
    if same.state == State.REFUSED:
        return arrival.refusal is not None and arrival.refusal.code == same.code
    return arrival.refusal is None
