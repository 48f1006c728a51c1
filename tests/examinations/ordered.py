"""Orders and appointments as a RIS states them, for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from klisza.examinations.models import Examination, Order
from klisza.examinations.services.orders import OrderTrouble, file_order
from klisza.patients.models import Patient
from klisza.standards.hl7v2.facts import Identifier, ProcedureStep, Stamp

from .given import ISSUER, SCRIPT

PLANNED_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def at(minute: int, control_id: str = "") -> Stamp:
    return Stamp(datetime(2026, 11, 23, 8, minute, tzinfo=UTC), control_id or f"M{minute}")


def step(**said: Any) -> ProcedureStep:
    """Numbers may be given as text, or as (number, issuer)."""
    values: dict[str, Any] = {
        "filler_number": "FL-1",
        "accession_number": "A1",
        "procedure_code": "CTKLP",
        "procedure_text": "TK klatki piersiowej",
        "modality": "CT",
        "scheduled_at": PLANNED_AT,
        "ward": "PORAD",
    } | said
    for name in ("filler_number", "placer_number", "accession_number"):
        values[name] = _number(values.get(name))
    return ProcedureStep(**values)


def _number(given: Any) -> Identifier | None:
    if not given or isinstance(given, Identifier):
        return given or None
    value, issuer = given if isinstance(given, tuple) else (given, "")
    return Identifier(value, issuer=issuer)


def an_order(
    patient: Patient, stamp: Stamp | None = None, *, troubles: list[OrderTrouble] | None = None, **said: Any
) -> Order:
    return file_order(
        patient=patient,
        step=step(**said),
        stamp=stamp or at(0),
        issuer=ISSUER,
        origin="message",
        by=SCRIPT,
        trouble=[].append if troubles is None else troubles.append,
    )


def ordered(order: Order) -> Examination:
    return order.examinations.get()
