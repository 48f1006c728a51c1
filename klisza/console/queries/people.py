"""Finding a patient, and what hangs on one."""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from klisza.examinations import identity
from klisza.patients import queries as patients
from klisza.patients.models import DeskTask, MergeRecord, Patient, PatientIdentifier

MOST_FOUND = 20


def find(*, identifier: str = "", name: str = "", birth_date: date | None = None) -> list[Patient]:
    """By a number of any issuer, or by family name and birth date; merged records lead to one person.

    name: the family name, or both names in either order; case and accents make no difference.
    """
    if identifier:
        rows = PatientIdentifier.objects.filter(value__in={identifier, identifier.upper()})
        found = [row.patient for row in rows.select_related("patient")[:MOST_FOUND]]
    elif name and birth_date:
        born = Patient.objects.filter(birth_date=birth_date).order_by("family_name", "given_name", "pk")
        found = [person for person in born if identity.fold(name) in _names(person)][:MOST_FOUND]
    else:
        found = []
    return list({person.pk: person for person in map(patients.survivor, found)}.values())


def _names(person: Patient) -> set[str]:
    family, given = identity.fold(person.family_name), identity.fold(person.given_name)
    return {family, f"{family} {given}", f"{given} {family}"}


def identifiers_of(patient: Patient) -> list[PatientIdentifier]:
    """Of the person: also those of merged records."""
    return list(
        PatientIdentifier.objects.filter(patient__in=patients.aliases(patient)).order_by("issuer", "value")
    )


def tasks_of(patient: Patient) -> list[DeskTask]:
    return list(patients.open_tasks().filter(patient__in=patients.aliases(patient)))


def merged_into(patient: Patient) -> list[Patient]:
    """Records that were merged into this person's."""
    ids = patients.aliases(patient) - {patient.pk}
    return list(Patient.objects.filter(pk__in=ids).order_by("created_at"))


def journal_of(patient: Patient) -> list[MergeRecord]:
    """Merges, links and moves of this person's records, newest first."""
    ids = patients.aliases(patient)
    rows = MergeRecord.objects.filter(Q(survivor__in=ids) | Q(other__in=ids))
    return list(rows.order_by("-done_at")[:MOST_FOUND])
