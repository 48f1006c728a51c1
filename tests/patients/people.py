"""Patients for tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from klisza.audit.actor import Actor
from klisza.patients.models import DeskTask, Patient
from klisza.patients.services import upsert_patient, upsert_person
from klisza.standards.hl7v2.facts import Identifier, Person, Stamp

RIS = Actor(kind="machine", id="ris")
EMAIL, MOBILE = "ewa@example.org", "600 100 200"


def patient(mrn: str = "1001", **fields: Any) -> Patient:
    values: dict[str, Any] = {
        "identifiers": [("szpital", mrn)],
        "family_name": "Kowalska",
        "given_name": "Ewa",
        "birth_date": date(1980, 3, 7),
        "sex": "F",
        "by": RIS,
    }
    return upsert_patient(**{**values, **fields})


def reachable(mrn: str = "1001", **fields: Any) -> Patient:
    return patient(mrn, **{"email": EMAIL, "mobile": MOBILE, **fields})


def tasks(of: Patient) -> set[str]:
    return set(DeskTask.objects.filter(patient=of, done_at=None).values_list("kind", flat=True))


def said_at(minute: int, control_id: str = "1") -> Stamp:
    return Stamp(datetime(2026, 11, 1, 8, tzinfo=UTC) + timedelta(minutes=minute), control_id)


def adt(mrn: str = "1001", minute: int = 0, **fields: Any) -> Patient:
    """What an ADT says, `minute` minutes after eight."""
    facts: dict[str, Any] = {
        "identifiers": (Identifier(mrn, issuer="szpital"),),
        "family_name": "Kowalska",
        "given_name": "Ewa",
        "birth_date": date(1980, 3, 7),
        "sex": "F",
    }
    options = {name: fields.pop(name) for name in ("quiet", "initial", "is_deleted") if name in fields}
    return upsert_person(
        person=Person(**{**facts, **fields}),
        stamp=said_at(minute),
        default_issuer="szpital",
        by=RIS,
        **options,
    )
