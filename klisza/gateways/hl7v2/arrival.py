"""One message on its way into the inbox: whose it is, what it says, which row it becomes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from klisza.base import clock
from klisza.blobs import services as blobs
from klisza.gateways.hl7v2 import reading
from klisza.gateways.models import Hl7Peer, InboundMessage
from klisza.standards.hl7v2 import facts
from klisza.standards.hl7v2.errors import Refusal
from klisza.standards.hl7v2.message import Envelope, digest, unwrapped

log = structlog.get_logger(__name__)
State = InboundMessage.State
NOT_ALLOWED = Refusal("AR", "103", "MSH^1^3", "sending application or facility is not on the list")


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
    kept: asyncio.Future[None] | None = None

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


def row_of(arrival: Arrival) -> InboundMessage:
    """Not saved yet."""
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
