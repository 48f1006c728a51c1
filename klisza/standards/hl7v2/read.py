"""A message to facts: which reader, and whether we may read it at all (hospital-integration 2.2, 2.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from . import admissions, appointments, documents, orders, results, types
from .errors import Refusal
from .facts import Content, Header, Read
from .message import Message
from .reading import Reading

VERSION = re.compile(r"2\.[1-8](?:\.\d{1,2})?", re.ASCII)
PROCESSING_IDS = {"P", "T", "D"}  # HL70103
LONGEST_CONTROL_ID = 199


@dataclass(frozen=True)
class Kind:
    """A message type we read. implied: the trigger that 2.1 and 2.2 leave out."""

    read: Callable[[Reading], Iterator[Content]]
    triggers: frozenset[str]
    implied: str = ""


KINDS = {
    "ADT": Kind(admissions.admissions, frozenset(admissions.TRIGGERS)),
    "ORM": Kind(orders.orders, frozenset({"O01"}), "O01"),
    "OMI": Kind(orders.orders, frozenset({"O23"}), "O23"),
    "OMG": Kind(orders.orders, frozenset({"O19"}), "O19"),
    "ORU": Kind(results.results, frozenset(results.TRIGGERS), "R01"),
    "MDM": Kind(documents.documents, frozenset(documents.TRIGGERS)),
    "SIU": Kind(appointments.appointments, frozenset(appointments.TRIGGERS)),
}


def header(message: Message, *, zone: tzinfo) -> Header:
    """MSH as it stands, without judging it. The trigger is taken from EVN-1 only when MSH-9 has none."""
    msh, evn = message.header, message.first("EVN")
    kind = msh.part(9, limit=8).upper()
    implied = KINDS[kind].implied if kind in KINDS else ""
    trigger = (msh.part(9, 2, limit=8) or (evn.part(1, limit=8) if evn else "") or implied).upper()
    return Header(
        message_type=kind,
        trigger=trigger,
        control_id=msh.part(10, limit=LONGEST_CONTROL_ID),
        version=msh.part(12, limit=16),
        sending_application=types.authority(msh.first(3)),
        sending_facility=types.authority(msh.first(4)),
        receiving_application=types.authority(msh.first(5)),
        receiving_facility=types.authority(msh.first(6)),
        processing_id=msh.part(11, limit=8),
        stated_at=types.moment(msh.part(7), zone),
        accept_ack=msh.part(15, limit=2).upper(),
        application_ack=msh.part(16, limit=2).upper(),
        charset=msh.part(18, limit=32),
    )


def read(message: Message, *, zone: tzinfo, received_at: datetime | None = None) -> Read:
    """What the message says.

    zone: of times without one. received_at: stands in for a missing MSH-7.
    Raises Refusal: AE 101 (MSH-9, MSH-10, what the type requires), 102 (data), AR 200-203.
    """
    said = header(message, zone=zone)
    _check(message, said)
    reading = Reading(message, said, zone, received_at, list(message.warnings))
    _compare(reading)
    contents = tuple(KINDS[said.message_type].read(reading))
    return Read(said, contents, tuple(reading.warnings))


def _check(message: Message, said: Header) -> None:
    """Version and processing id first: what another version says of its type is not ours to judge."""
    if not message.header.has(9) or not said.message_type:
        raise Refusal("AE", "101", "MSH^1^9", "no message type")
    if not said.control_id:
        raise Refusal("AE", "101", "MSH^1^10", "no message control id")
    if len(message.header.raw_field(10)) > LONGEST_CONTROL_ID:
        raise Refusal("AE", "102", "MSH^1^10", "message control id too long")
    if said.version and not VERSION.fullmatch(said.version):
        raise Refusal("AR", "203", "MSH^1^12", "version not supported")
    if said.processing_id and said.processing_id not in PROCESSING_IDS:
        raise Refusal("AR", "202", "MSH^1^11", "processing id not supported")
    kind = KINDS.get(said.message_type)
    if kind is None:
        raise Refusal("AR", "200", "MSH^1^9", "message type not supported")
    if said.trigger not in kind.triggers:
        raise Refusal("AR", "201", "MSH^1^9", "event not supported")


def _compare(reading: Reading) -> None:
    evn = reading.message.first("EVN")
    event = evn.part(1, limit=8).upper() if evn else ""
    if event and event != reading.header.trigger:
        reading.warn("EVN-1 contradicts MSH-9; MSH-9 counts")
    if not reading.header.version:
        reading.warn("MSH-12: no version")
    if reading.message.header.has(7) and reading.header.stated_at is None:
        reading.warn("MSH-7: not a time, left out")
