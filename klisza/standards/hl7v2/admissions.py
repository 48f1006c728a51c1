"""ADT: patients, and what became of their numbers."""

from __future__ import annotations

from collections.abc import Iterator

from .errors import Refusal
from .facts import Admission
from .persons import person, prior
from .reading import Reading
from .segments import Segment

MERGES = {"A40": "A40", "A34": "A34", "A39": "A39", "A18": "A40", "A30": "A40", "A36": "A40"}
CHANGES = {"A46", "A47", "A49"}
MOVES = {"A43", "A44", "A45"}
PAIRS = {"A24", "A37"}  # link, unlink
DELETIONS = {"A23", "A29"}
# Of the patient's data, whatever happens to the stay.
STATEMENTS = {
    *(f"A0{number}" for number in range(1, 10)), "A10", "A11", "A12", "A13", "A14", "A15", "A16", "A21", "A22", "A25",
    "A26", "A27", "A28", "A31", "A32", "A33", "A38", "A52", "A53", "A54", "A55", "A60", "A61", "A62",
}  # fmt: skip
# Beds, accounts and visit numbers: nothing the portal keeps.
WITHOUT_USE = {"A17", "A20", "A35", "A41", "A42", "A48", "A50", "A51"}
TRIGGERS = STATEMENTS | set(MERGES) | CHANGES | MOVES | PAIRS | DELETIONS | WITHOUT_USE


def admissions(reading: Reading) -> Iterator[Admission]:
    """Raises Refusal AE 101 at PID^n^3 or MRG^n^1."""
    trigger = reading.header.trigger
    if trigger in WITHOUT_USE:
        return
    groups = list(patient_groups(reading.message.segments))
    if trigger in PAIRS:
        yield _pair(reading, groups)
    elif trigger in MERGES or trigger in CHANGES or trigger in MOVES:
        for group in groups or [[]]:
            yield from _with_prior(reading, group)
    else:
        if len(groups) > 1:
            reading.warn("PID: several patients in one message, the first one is read")
        yield _admission(reading, groups[0] if groups else [])


def patient_groups(segments: tuple[Segment, ...]) -> Iterator[list[Segment]]:
    """PID with what follows it up to the next PID."""
    group: list[Segment] = []
    for segment in segments:
        if segment.name == "PID":
            if group:
                yield group
            group = [segment]
        elif group:
            group.append(segment)
    if group:
        yield group


def _admission(reading: Reading, group: list[Segment]) -> Admission:
    trigger = reading.header.trigger
    who = person(reading, group[0] if group else None, group[1:])
    return Admission(event=MERGES.get(trigger, trigger), stamp=reading.event_stamp, person=who)


def _with_prior(reading: Reading, group: list[Segment]) -> Iterator[Admission]:
    said = _admission(reading, group)
    merged = [segment for segment in group if segment.name == "MRG"]
    if not merged:
        raise Refusal("AE", "101", f"MRG^{group[0].number}^1", "no MRG segment")
    for mrg in merged:
        yield Admission(event=said.event, stamp=said.stamp, person=said.person, prior=prior(reading, mrg))


def _pair(reading: Reading, groups: list[list[Segment]]) -> Admission:
    said = _admission(reading, groups[0] if groups else [])
    if len(groups) < 2:
        raise Refusal("AE", "101", "PID^2^3", "no second PID segment")
    second = person(reading, groups[1][0], groups[1][1:])
    return Admission(event=said.event, stamp=said.stamp, person=said.person, second=second)
