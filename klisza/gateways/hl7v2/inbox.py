"""Messages become durable here, before any answer.

One thread commits for all connections: what comes while a commit waits for the disk goes into the next one, so
that eight busy senders share one sync. That thread also sees every repetition, in one order (2.3, L6).
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import DatabaseError, OperationalError, connection, connections, transaction

from klisza.base import clock
from klisza.base.database import drop_stale_connections
from klisza.base.errors import Unavailable
from klisza.blobs import services as blobs
from klisza.gateways import queries
from klisza.gateways.hl7v2 import reading, rows
from klisza.gateways.models import Hl7Peer, InboundMessage, WorkItem
from klisza.standards.hl7v2 import facts
from klisza.standards.hl7v2.errors import Refusal
from klisza.standards.hl7v2.message import Envelope, digest, unwrapped

log = structlog.get_logger(__name__)
State = InboundMessage.State
IN_ROW = 1024 * 1024  # larger messages lie in a blob
MOST_AT_ONCE = 64
IDLE_SECONDS = (
    5.0  # a database connection nobody used that long is looked at again; opening one costs more than a row
)
# So many messages in this time, and no pause since: senders empty their queues.
FLOOD, FLOOD_SECONDS, CALM_SECONDS = 8, 1.0, 0.1
NOT_ALLOWED = Refusal("AR", "103", "MSH^1^3", "sending application or facility is not on the list")
# SQLite lets one write at a time, and whoever waits for it sleeps ever longer: here it is asked again at once.
LOCKED = "database is locked"
ASK_AGAIN_MS, PATIENCE_SECONDS = 2, 20
REUSED = "control id reused with another body"


@dataclass
class Arrival:
    """One message on its way into the inbox.

    early: answer as soon as it is durable. message: its row, once kept. original: the row it repeats.
    """

    raw: bytes = field(repr=False)
    address: str
    peer: Hl7Peer | None
    envelope: Envelope
    received_at: datetime
    read: facts.Read | None = None
    refusal: Refusal | None = None
    early: bool = False
    digest: str = ""
    stored: blobs.Stored | None = None
    message: InboundMessage | None = None
    original: InboundMessage | None = None
    fault: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def contents(self) -> tuple[facts.Content, ...]:
        return self.read.contents if self.read else ()


def arrive(raw: bytes, *, address: str, senders: Sequence[Hl7Peer], is_open: bool) -> Arrival:
    """Read it and find out whose it is; nothing is written yet.

    senders: who may speak from this address. is_open: others may, too (KLISZA_HL7_OPEN).
    """
    content = unwrapped(raw)
    head = reading.opened(content, None)
    peer = _sender(head, senders)
    if peer is not None and peer.charset:
        head = reading.opened(content, peer)
    arrival = Arrival(raw, address, peer, head, clock.now())
    arrival.digest = digest(content)
    try:
        if peer is None and not is_open:
            raise NOT_ALLOWED
        arrival.read = reading.understood(reading.parsed(content, peer), arrival.received_at)
    except Refusal as refusal:
        arrival.refusal = refusal
    except Exception as fault:  # noqa: BLE001 - a reader's error must not lose the message: it is kept and fails later
        log.error("hl7_unreadable", error=type(fault).__name__)
    return arrival


def _sender(envelope: Envelope, senders: Sequence[Hl7Peer]) -> Hl7Peer | None:
    application, facility = envelope.text(3), envelope.text(4)
    for peer in senders:
        if peer.sending_application in ("", application) and peer.sending_facility in ("", facility):
            return peer
    return None


class Inbox:
    """keep() may be called by many threads; the rows stand in the order of their commits."""

    def __init__(self) -> None:
        self.queue: queue.SimpleQueue[Arrival | None] = queue.SimpleQueue()
        self.is_writing = False
        self.kept: deque[float] = deque([-FLOOD_SECONDS], maxlen=FLOOD)
        self.thread = threading.Thread(target=self._run, name="hl7-inbox", daemon=True)
        self.thread.start()

    @property
    def is_pending(self) -> bool:
        """A sender waits for the disk."""
        return self.is_writing or not self.queue.empty()

    @property
    def is_flooded(self) -> bool:
        """Messages come as fast as they are answered: senders empty their queues."""
        now = time.monotonic()
        return (
            len(self.kept) == FLOOD
            and now - self.kept[0] < FLOOD_SECONDS
            and now - self.kept[-1] < CALM_SECONDS
        )

    def keep(self, arrival: Arrival) -> None:
        """Returns when it is durable. Raises Unavailable when that failed: then nothing may be answered."""
        if len(arrival.raw) > IN_ROW:
            arrival.stored = blobs.put(arrival.raw)
        self.queue.put(arrival)
        arrival.done.wait()
        if arrival.fault is not None:
            raise Unavailable(f"inbox: {type(arrival.fault).__name__}") from arrival.fault

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
            for arrival in batch:
                arrival.done.set()
        connections.close_all()

    def _write(self, batch: list[Arrival]) -> None:
        self.is_writing = True
        _ask_often()
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
                arrival = self.queue.get(block=not batch)
            except queue.Empty:
                break
            if arrival is None:
                return batch, True
            batch.append(arrival)
        return batch, False


def _ask_often() -> None:
    if connection.vendor == "sqlite":
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {ASK_AGAIN_MS}")


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
        with transaction.atomic():
            _insert(batch)
    except OperationalError as fault:
        if is_last or LOCKED not in str(fault):
            raise
        return False
    return True


def _insert(batch: list[Arrival]) -> None:
    """One look and one INSERT for all; only what comes under a key that was used before is looked at alone."""
    pairs = [(arrival, _row(arrival)) for arrival in batch]
    used = rows.used_keys({row.control_id for _, row in pairs} - {""})
    new: list[InboundMessage] = []
    for arrival, row in pairs:
        key = (row.sending_application, row.sending_facility, row.control_id)
        if key in used:
            rows.insert(new)
            new = []
            _compare(arrival, row)
        elif row.control_id:
            used.add(key)
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


def _row(arrival: Arrival) -> InboundMessage:
    head, read, refusal = arrival.envelope, arrival.read, arrival.refusal
    row = InboundMessage(
        peer=arrival.peer,
        peer_name=arrival.peer.name if arrival.peer else "",
        address=arrival.address,
        received_at=arrival.received_at,
        raw=b"" if arrival.stored else arrival.raw,
        blob=blobs.save(arrival.stored) if arrival.stored else None,
        size=len(arrival.raw),
        digest=arrival.digest,
        sending_application=_clean(head.text(3), 180),
        sending_facility=_clean(head.text(4), 180),
        control_id=_clean(head.text(10), 199),
        message_type=_clean(_type(arrival), 16),
        stated_at=read.header.stated_at if read else None,
        patient_key=_clean(_patient_key(arrival.contents), 260),
        accession_number=_clean(_accession(arrival.contents), 64),
        state=State.WAITING,
        answer="AA" if arrival.early else "",
    )
    if refusal is not None:
        row.state, row.answer, row.finished_at = State.REFUSED, refusal.answer, row.received_at
        row.code, row.location, row.reason = (
            refusal.code[:8],
            refusal.location[:64],
            _clean(refusal.text, 500),
        )
    return row


def _type(arrival: Arrival) -> str:
    if arrival.read:
        return f"{arrival.read.header.message_type}^{arrival.read.header.trigger}"
    parts = arrival.envelope.raw(9).decode("latin-1").split(arrival.envelope.separators.component)
    return "^".join(parts[:2])


def _patient_key(contents: Iterable[facts.Content]) -> str:
    """As the message writes it; the applier puts the issuer's proper name there."""
    for content in contents:
        for identifier in content.person.identifiers:
            return f"{identifier.issuer or identifier.namespace}|{identifier.value}"
    return ""


def _accession(contents: Iterable[facts.Content]) -> str:
    for content in contents:
        if isinstance(content, facts.Appointment) and content.accession_number:
            return content.accession_number
        for step in _steps(content):
            if step.accession_number:
                return step.accession_number.value
    return ""


def _steps(content: facts.Content) -> Iterable[facts.ProcedureStep]:
    if isinstance(content, facts.Results):
        return [step for result in content.results for step in result.steps]
    return content.steps if isinstance(content, facts.Order | facts.Document) else ()


def _clean(text: str, length: int) -> str:
    """PostgreSQL takes no NUL; a list shows no control characters."""
    shown = text if text.isprintable() else "".join(filter(str.isprintable, text))
    return shown[:length]
