"""A message and what became of it, for people who connect systems."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from klisza.base import clock
from klisza.gateways.hl7v2.changes import Change
from klisza.gateways.hl7v2.context import WHY_HELD
from klisza.gateways.hl7v2.router import Preview
from klisza.gateways.models import InboundMessage, WorkItem
from klisza.standards.hl7v2.acknowledge import answer
from klisza.standards.hl7v2.errors import Refusal
from klisza.standards.hl7v2.message import envelope, lines

from . import words

LONGEST_SEGMENT = 1000  # characters shown; a PDF in Base64 is no reading matter
MOST_SEGMENTS = 500
HELD = {text: kind for kind, text in WHY_HELD.items()}
TONES = {"applied": "ok", "repeated": "ok", "ignored": "", "waiting": "wait", "held": "wait"}


@dataclass(frozen=True)
class Line:
    """tone: ok | wait | warn | "" for the badge."""

    row: InboundMessage
    state: str
    tone: str
    sender: str
    reason: str
    warnings: list[str]


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
        reason=_reason(row.reason),
        warnings=[words.warning(sentence) for sentence in row.warnings],
    )


def _reason(text: str) -> str:
    """Why a message waits is said in the reader's language; other reasons are what the sender was told."""
    kind = HELD.get(text)
    return str(words.WORK[kind][0]) if kind else text


def work_line(item: WorkItem) -> WorkLine:
    what, todo = words.trouble(item.kind)
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


def encoded(text: str, *, charset: str = "") -> bytes:
    """What was pasted, as the sender would have sent it: browsers give UTF-8, MSH-18 or the sender's entry may
    say otherwise. A character that this charset does not have becomes a question mark.
    """
    codec = envelope(text.encode(), charset=charset, default_charset=settings.HL7_CHARSET).codec
    return text.encode(codec or "ascii", "replace")


@dataclass(frozen=True)
class Shown:
    """What a message would do. answer: the segments of the ACK."""

    state: str
    tone: str
    answer: list[str]
    changes: list[str]
    work: list[tuple[str, str]]
    warnings: list[str]


def preview(found: Preview, raw: bytes) -> Shown:
    told = dict.fromkeys(trouble.kind for trouble in found.troubles)
    return Shown(
        state=words.word(words.MESSAGE_STATES, found.state),
        tone=TONES.get(found.state, "warn"),
        answer=_answer(found, raw),
        changes=[_change(change) for change in found.changed],
        work=[(str(what), str(todo)) for what, todo in map(words.trouble, told)],
        warnings=[words.warning(sentence) for sentence in found.warnings],
    )


def _answer(found: Preview, raw: bytes) -> list[str]:
    head = envelope(raw, default_charset=settings.HL7_CHARSET)
    refused = found.answer != "AA"
    error = Refusal(found.answer, found.code, found.location, found.reason) if refused else None
    ack = answer(head, code=found.answer, error=error, now=clock.now().astimezone(clock.local_zone()))
    return ack.decode(head.codec or "ascii", "replace").split("\r")[:-1]


def _change(change: Change) -> str:
    named = {"what": words.word(words.ROWS, change.model), "number": change.rows}
    if change.verb == "made":
        return _("%(what)s: %(number)d new") % named
    if change.verb == "removed":
        return _("%(what)s: %(number)d removed") % named
    return _("%(what)s: %(number)d changed") % named
