"""What staff need to see. Every list is cut: a console is for work, not for browsing people."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet

from klisza.archive.models import Quarantined, RefusedAssociation
from klisza.examinations.models import StudyIntake
from klisza.notifications.models import Message
from klisza.patients import queries as patients
from klisza.patients.models import DeskTask, Patient, PatientIdentifier

MOST_FOUND = 20
MOST_ROWS = 200


def find(*, identifier: str = "", family_name: str = "", birth_date: date | None = None) -> list[Patient]:
    """By an identifier of any issuer, or by family name and birth date; merged records lead to one person."""
    if identifier:
        rows = PatientIdentifier.objects.filter(value=identifier.strip()).select_related("patient")[
            :MOST_FOUND
        ]
        found = [row.patient for row in rows]
    elif family_name and birth_date:
        named = Patient.objects.filter(family_name__iexact=family_name.strip(), birth_date=birth_date)
        found = list(named[:MOST_FOUND])
    else:
        found = []
    return list({person.pk: person for person in map(patients.survivor, found)}.values())


def identifiers_of(patient: Patient) -> list[PatientIdentifier]:
    """Of the person: also those of merged records."""
    return list(
        PatientIdentifier.objects.filter(patient__in=patients.aliases(patient)).order_by("issuer", "value")
    )


def tasks_of(patient: Patient) -> list[DeskTask]:
    return list(patients.open_tasks().filter(patient__in=patients.aliases(patient)))


def unmatched() -> list[StudyIntake]:
    rows = StudyIntake.objects.filter(outcome="unmatched").select_related("study")
    return list(rows.order_by("-at")[:MOST_ROWS])


def quarantined() -> list[Quarantined]:
    return list(Quarantined.objects.filter(resolved_at=None).order_by("-received_at")[:MOST_ROWS])


def refused_associations() -> list[RefusedAssociation]:
    return list(RefusedAssociation.objects.order_by("-at")[:MOST_ROWS])


def open_tasks() -> list[DeskTask]:
    return list(patients.open_tasks()[:MOST_ROWS])


def failed_messages() -> list[Message]:
    return list(
        Message.objects.filter(state=Message.State.FAILED)
        .defer("sealed")
        .order_by("-finished_at")[:MOST_ROWS]
    )


def count(name: str) -> int:
    """Length of one list, for the home page."""
    rows: dict[str, QuerySet[Any]] = {
        "tasks": patients.open_tasks(),
        "messages": Message.objects.filter(state=Message.State.FAILED),
        "studies": StudyIntake.objects.filter(outcome="unmatched"),
        "objects": Quarantined.objects.filter(resolved_at=None),
        "associations": RefusedAssociation.objects.all(),
    }
    return rows[name].count()
