"""MDM^T01-T11: documents and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator

from . import types
from .content import content
from .errors import Refusal
from .facts import Document, Identifier, ProcedureStep
from .persons import person
from .reading import Reading
from .segments import Segment
from .steps import groups, steps

TRIGGERS = {f"T{number:02}" for number in range(1, 12)}
UNIQUE_NUMBER = 12


class _Txa:
    """TXA by its numbers; from TXA-12 on one further when the sender counts so."""

    def __init__(self, segment: Segment, shift: int) -> None:
        self.segment, self.shift = segment, shift

    def part(self, number: int, component: int = 1, *, limit: int = 200) -> str:
        return self.segment.part(self._place(number), component, limit=limit)

    def number(self, number: int) -> Identifier | None:
        return types.ei(self.segment.first(self._place(number)))

    def _place(self, number: int) -> int:
        return number + self.shift if number >= UNIQUE_NUMBER else number


def documents(reading: Reading) -> Iterator[Document]:
    """Raises Refusal AE 100 (no TXA), 101 at PID^1^3 or TXA^1^12, 102 at OBX^n^5."""
    message = reading.message
    who = person(reading, message.first("PID"))
    txa = _txa(reading)
    unique = txa.number(UNIQUE_NUMBER)
    if unique is None:
        raise Refusal("AE", "101", "TXA^1^12", "no unique document number")
    parent = txa.number(13)
    said = content(reading, message.segments)
    code, title = types.code(txa.segment.first(2))
    yield Document(
        stamp=reading.event_stamp,
        person=who,
        event=reading.header.trigger,
        unique_number=unique.value,
        parent_number=parent.value if parent else "",
        document_type=code,
        title=title if title != code else txa.part(16) or title,
        completion=txa.part(17, limit=2).upper(),
        confidentiality=txa.part(18, limit=2).upper(),
        availability=txa.part(19, limit=2).upper(),
        issued_at=next((at for place in (6, 4, 7) if (at := reading.moment(txa.segment, place))), None),
        author=types.professional(txa.segment.first(9)) or types.professional(txa.segment.first(5)),
        steps=_steps(reading, txa),
        sections=said.sections,
        attachments=said.attachments,
        pointers=said.pointers,
    )


def _txa(reading: Reading) -> _Txa:
    txa = reading.message.first("TXA")
    if txa is None:
        raise Refusal("AE", "100", "TXA^1", "no TXA segment")
    shift = 0
    if not txa.has(UNIQUE_NUMBER) and txa.has(13):
        reading.warn("TXA-12 is empty: TXA-13 and what follows read as one field too far")
        shift = 1
    return _Txa(txa, shift)


def _steps(reading: Reading, txa: _Txa) -> tuple[ProcedureStep, ...]:
    """ORC and OBR of the message; TXA-14 and TXA-15 when none of them has that number."""
    message = reading.message
    pv1 = message.first("PV1")
    found = [step for group in groups(message.segments) for step in steps(reading, group, pv1=pv1)]
    named = [step for step in found if step.placer_number or step.filler_number or step.accession_number]
    placer, filler = txa.number(14), txa.number(15)
    known = {number.value for step in named for number in (step.placer_number, step.filler_number) if number}
    if not {number.value for number in (placer, filler) if number} <= known:
        named.append(ProcedureStep(placer_number=placer, filler_number=filler, status="performed"))
    return tuple(named)
