"""SIU: when the patient is expected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from . import types
from .errors import Refusal
from .facts import Appointment
from .persons import person
from .reading import Reading
from .segments import Segment

STATUSES = {
    "S12": "booked",
    "S13": "changed",
    "S14": "changed",
    "S15": "cancelled",
    "S17": "deleted",
    "S26": "no_show",
}
SAID_STATUSES = {"CANCELLED": "cancelled", "DELETED": "deleted", "NOSHOW": "no_show"}  # SCH-25 (HL70278)
WITHOUT_USE = {"S16", *(f"S{number}" for number in range(18, 26)), "S27"}  # resources and blocks of time
TRIGGERS = set(STATUSES) | WITHOUT_USE
MINUTES = {"S": 1 / 60, "SEC": 1 / 60, "M": 1, "MIN": 1, "H": 60, "HR": 60}
LONGEST_MINUTES = 60 * 24 * 30


def appointments(reading: Reading) -> Iterator[Appointment]:
    """Raises Refusal AE 100 (no SCH), 101 at PID^1^3 or SCH^1^2."""
    header, message = reading.header, reading.message
    if header.trigger in WITHOUT_USE:
        return
    sch, ais = message.first("SCH"), message.first("AIS")
    if sch is None:
        raise Refusal("AE", "100", "SCH^1", "no SCH segment")
    placer, filler = sch.part(1, limit=128), sch.part(2, limit=128)
    if not (placer or filler):
        raise Refusal("AE", "101", "SCH^1^2", "no appointment number")
    starts_at = _starts_at(reading, sch, ais)
    code, text = types.code((ais or sch).first(3 if ais else 8))
    numbers = (types.ei(sch.first(26)), types.ei(sch.first(27)))
    yield Appointment(
        stamp=reading.stamp(),
        person=person(reading, message.first("PID")),
        event=header.trigger,
        placer_number=placer,
        filler_number=filler,
        starts_at=starts_at,
        ends_at=_ends_at(reading, sch, ais, starts_at),
        status=_status(header.trigger, sch),
        service_code=code,
        service_text=text,
        ward=_ward(reading),
        accession_number=_accession(reading),
        order_numbers=tuple(number for number in numbers if number),
    )


def _status(trigger: str, sch: Segment) -> str:
    said = STATUSES[trigger]
    return (
        SAID_STATUSES.get(sch.part(25).upper().replace("-", ""), said)
        if said in {"booked", "changed"}
        else said
    )


def _starts_at(reading: Reading, sch: Segment, ais: Segment | None) -> datetime | None:
    """TQ1-7, else SCH-11.4, else AIS-4: in 2.3 the standard's own place is SCH-11."""
    found = (
        reading.moment(reading.message.first("TQ1"), 7)
        or reading.moment(sch, 11, 4)
        or reading.moment(ais, 4)
    )
    if found is None:
        reading.warn("SCH-11: no start of the appointment")
    return found


def _ends_at(
    reading: Reading, sch: Segment, ais: Segment | None, starts_at: datetime | None
) -> datetime | None:
    said = reading.moment(reading.message.first("TQ1"), 8) or reading.moment(sch, 11, 5)
    if said and (starts_at is None or said >= starts_at):
        return said
    for segment, amount, unit in ((ais, 7, 8), (sch, 9, 10)):
        minutes = _minutes(segment, amount, unit)
        if starts_at and minutes:
            return starts_at + timedelta(minutes=minutes)
    return None


def _minutes(segment: Segment | None, amount: int, unit: int) -> float:
    if segment is None:
        return 0
    try:
        count = float(segment.part(amount, limit=16))
    except ValueError:
        return 0
    minutes = count * MINUTES.get(segment.part(unit).upper(), 1)
    return minutes if 0 < minutes <= LONGEST_MINUTES else 0


def _ward(reading: Reading) -> str:
    """Where to come: AIL-3, else the patient's place (PV1-3)."""
    places = (reading.message.first("AIL"), reading.message.first("PV1"))
    return next((ward for place in places if place and (ward := place.part(3, limit=64))), "")


def _accession(reading: Reading) -> str:
    places = ((reading.message.first("IPC"), 1), (reading.message.first("OBR"), 18))
    return next(
        (text for segment, number in places if segment and (text := segment.part(number, limit=64))), ""
    )
