"""A message and what became of it, for people who connect systems."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from klisza.gateways.models import InboundMessage, WorkItem
from klisza.standards.hl7v2.message import envelope, lines

from . import words

LONGEST_SEGMENT = 2000  # characters shown; a PDF in Base64 is no reading matter
MOST_SEGMENTS = 500
TONES = {"applied": "ok", "repeated": "ok", "ignored": "", "waiting": "wait", "held": "wait"}


@dataclass(frozen=True)
class Line:
    """tone: ok | wait | warn | "" for the badge."""

    row: InboundMessage
    state: str
    tone: str
    sender: str


@dataclass(frozen=True)
class WorkLine:
    item: WorkItem
    what: str
    todo: str


def line(row: InboundMessage) -> Line:
    sender = " / ".join(part for part in (row.sending_application, row.sending_facility) if part)
    return Line(
        row=row,
        state=words.word(words.MESSAGE_STATES, row.state),
        tone=TONES.get(row.state, "warn"),
        sender=sender or row.peer_name or row.address,
    )


def work_line(item: WorkItem) -> WorkLine:
    what, todo = words.WORK.get(item.kind, (item.kind, words.WORK_UNKNOWN))
    return WorkLine(item, str(what), str(todo))


@dataclass(frozen=True)
class Segment:
    """One line of the message as text; more: how many characters are not shown."""

    text: str
    more: int = 0


def segments(raw: bytes, *, charset: str = "") -> list[Segment]:
    """In the charset the portal reads it with; bytes that do not fit it become replacement characters."""
    codec = envelope(raw, charset=charset, default_charset=settings.HL7_CHARSET).codec
    decoded = [row.decode(codec or "latin-1", "replace") for row in lines(raw)[:MOST_SEGMENTS]]
    return [Segment(row[:LONGEST_SEGMENT], max(0, len(row) - LONGEST_SEGMENT)) for row in decoded]


def encoded(text: str) -> bytes:
    """What was pasted, as the sender would have sent it: browsers give UTF-8, MSH-18 may say otherwise.

    A character that this charset does not have becomes a question mark.
    """
    raw = text.encode()
    return text.encode(envelope(raw, default_charset=settings.HL7_CHARSET).codec or "ascii", "replace")
