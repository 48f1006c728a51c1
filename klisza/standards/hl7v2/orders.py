"""ORM^O01 (IHE: RAD-2 to RAD-4), OMI^O23, OMG^O19."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .errors import Refusal
from .facts import Order, ProcedureStep
from .persons import person
from .reading import Reading
from .steps import groups, steps


def orders(reading: Reading) -> Iterator[Order]:
    """Raises Refusal AE 100 (no ORC and no OBR), 101 at PID^1^3 or ORC^1^3 (no order has a number)."""
    message = reading.message
    who = person(reading, message.first("PID"))
    found = groups(message.segments)
    if not found:
        raise Refusal("AE", "100", "ORC^1", "neither ORC nor OBR in an order")
    pv1 = message.first("PV1")
    asked = [step for group in found for step in steps(reading, group, pv1=pv1)]
    named = [step for step in _with_study(asked) if _has_number(step)]
    if not named:
        raise Refusal("AE", "101", "ORC^1^3", "no placer, filler or accession number")
    if len(named) < len(asked):
        reading.warn("ORC-3: an order without any number, left out")
    control = found[0].orc.part(1, limit=8) if found[0].orc else ""
    yield Order(stamp=reading.stamp(), person=who, control=control, steps=tuple(named))


def _has_number(step: ProcedureStep) -> bool:
    return bool(step.placer_number or step.filler_number or step.accession_number)


def _with_study(asked: list[ProcedureStep]) -> list[ProcedureStep]:
    """IHE's ORM has one ZDS for all its orders: those without a study share the only one."""
    studies = {step.study_instance_uid for step in asked if step.study_instance_uid}
    if len(studies) != 1:
        return asked
    (study,) = studies
    if asked[-1].study_instance_uid != study:
        return asked
    return [step if step.study_instance_uid else replace(step, study_instance_uid=study) for step in asked]
