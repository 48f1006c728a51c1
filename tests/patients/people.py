"""Patients for tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from klisza.audit.actor import Actor
from klisza.patients.models import DeskTask, Patient
from klisza.patients.services import upsert_patient

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
