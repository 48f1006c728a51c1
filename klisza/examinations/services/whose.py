"""Whose a study is: the key (issuer, id) says it, birth date and names may only contradict (R60)."""

from __future__ import annotations

from klisza.archive.models import Study
from klisza.examinations import identity, queries
from klisza.patients import queries as patients
from klisza.patients.models import Patient


class Unmatched(Exception):
    """Why a study belongs to nobody; the code is what staff see."""


def patient_of(study: Study) -> tuple[Patient, str]:
    """The record to link to and a warning for staff; raises Unmatched."""
    if not study.patient_id.strip():
        raise Unmatched("no_patient_id")
    owner = queries.owner_of(study.issuer, study.patient_id)
    if owner is None:
        raise Unmatched("unknown_patient")
    person = patients.survivor(owner)
    if identity.birth_date_differs(study.patient_birth_date, person.birth_date):
        raise Unmatched("birth_date_differs")
    return owner, _warning(study, person)


def _warning(study: Study, person: Patient) -> str:
    family, given = identity.names_differ(
        study.patient_name, family=person.family_name, given=person.given_name
    )
    if family and given:
        raise Unmatched("name_differs")
    if given and _is_twin_of(study, person):
        raise Unmatched("name_of_other_patient")
    return "family_name_differs" if family else "given_name_differs" if given else ""


def _is_twin_of(study: Study, person: Patient) -> bool:
    """Somebody else on file, born the same day, bears exactly the name in the images."""
    twins = Patient.objects.filter(birth_date=person.birth_date, survivor=None).exclude(pk=person.pk)
    return any(
        not any(identity.names_differ(study.patient_name, family=twin.family_name, given=twin.given_name))
        for twin in twins.exclude(birth_date=None)
    )
