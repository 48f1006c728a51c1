"""Whose a message is, and whether what it says of that person contradicts what is on file (R60)."""

from __future__ import annotations

from klisza.examinations import identity
from klisza.gateways.hl7v2.context import Context, Held
from klisza.patients import queries as patients
from klisza.patients.models import Patient
from klisza.standards.hl7v2.facts import Person


def patient_of(person: Person, context: Context) -> Patient:
    """The record that the message names, merged or not. Raises Held while nobody knows it."""
    found = patients.record_for(person.identifiers, context.default_issuer)
    if found is None:
        raise Held(person.identifiers[0])
    return found


def is_somebody_else(person: Person, patient: Patient, context: Context) -> bool:
    """Another birth date than on file: nothing of the message is used. Other names alone are a task for staff."""
    on_file = patients.survivor(patient)
    born, known = person.birth_date, on_file.birth_date
    family, given = identity.names_differ(
        f"{person.family_name}^{person.given_name}",
        family=on_file.family_name,
        given=on_file.given_name,
    )
    differs = born is not None and known is not None and born != known
    if differs or (family and given):
        context.work("patient_differs", patient=patient, detail="birth date" if differs else "name")
    return differs
