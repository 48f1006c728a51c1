"""Visits that the hospital's calendar tells of (SIU): results may wait for them (N10)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.examinations import queries
from klisza.examinations.models import Appointment, Examination
from klisza.patients.models import Patient
from klisza.standards.hl7v2 import facts
from klisza.standards.hl7v2.facts import Stamp

from .state import refresh

# booked and changed are one: there will be a visit.
STATES = {"cancelled": "cancelled", "deleted": "cancelled", "no_show": "no_show"}
WAITING = ("visit", "patient_wish")


@transaction.atomic
def file_appointment(
    *,
    patient: Patient,
    appointment: facts.Appointment,
    issuer: str,
    origin: str,
    by: Actor,
    quiet: bool = False,
) -> Appointment:
    """Keep what was said last of one appointment, field by field, and tell the examinations that wait for it.

    patient: the record it names. One that names neither time nor patient's other numbers is kept all the same.
    """
    family = queries.family(patient)
    list(Patient.objects.select_for_update().filter(pk__in=family).order_by("pk"))
    row = _row(patient, appointment, issuer)
    concerned = [row.patient, patient]
    if not _update(row, patient, appointment, origin):
        return row
    row.updated_at = clock.now()
    row.save()
    record("appointment.received", by=by, patient_id=row.patient_id, objects=[row])
    for person in concerned:
        for examination in _waiting(person):
            refresh(examination, quiet=quiet)
    return row


def _row(patient: Patient, appointment: facts.Appointment, issuer: str) -> Appointment:
    key = (appointment.filler_number or appointment.placer_number)[:200]
    known = Appointment.objects.filter(issuer=issuer, key=key).select_related("patient").first()
    return known or Appointment(patient=patient, issuer=issuer, key=key)


def _update(row: Appointment, patient: Patient, appointment: facts.Appointment, origin: str) -> bool:
    """Says whether anything was newer."""
    stamp = appointment.stamp
    said: dict[str, Any] = {
        "patient": patient,
        "state": STATES.get(appointment.status, "booked"),
        "starts_at": appointment.starts_at,
        "ends_at": appointment.ends_at,
        "service_code": appointment.service_code[:64],
        "service_text": appointment.service_text[:200],
        "ward_code": appointment.ward[:64],
    }
    newer = {
        field: value
        for field, value in said.items()
        if value not in ("", None) and _is_newer(row, field, stamp)
    }
    for field, value in newer.items():
        setattr(row, field, value)
        row.stated[field] = [stamp.at.isoformat(), stamp.control_id]
    if newer:
        row.origin = origin
    return bool(newer)


def _is_newer(row: Appointment, field: str, stamp: Stamp) -> bool:
    if field not in row.stated:
        return True
    at, control_id = row.stated[field]
    return stamp > Stamp(datetime.fromisoformat(at), control_id)


def _waiting(patient: Patient) -> list[Examination]:
    """Examinations that a visit opens, and those that one has opened or dated already."""
    waits = Q(images_why__in=WAITING) | Q(report_why__in=WAITING) | Q(visit_source="hl7")
    mine = Examination.objects.filter(waits, patient__in=queries.family(patient))
    return list(mine.order_by("pk"))
