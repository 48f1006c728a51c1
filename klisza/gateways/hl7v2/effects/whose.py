"""Whose a message is: its identifiers say it, birth date and names may only contradict (R60)."""

from __future__ import annotations

from klisza.examinations import identity
from klisza.gateways.hl7v2.context import Context, Held
from klisza.patients import queries as patients
from klisza.patients.models import Patient
from klisza.standards.hl7v2.facts import Person


def patient_of(person: Person, context: Context) -> Patient:
    """The record that the message names, merged or not. Raises Held.

    Numbers of two people, another PESEL or another birth date than those on file hold the message back until
    somebody is corrected; so does another name where no birth date vouches. Else a name is for staff to look at.
    """
    default = context.default_issuer
    named = patients.believable(person.identifiers, person.birth_date, default_issuer=default)
    record = patients.record_for(named, default)
    known = patients.find_person(named, default_issuer=default)
    if record is None or known is None:
        raise Held(person.identifiers[0])
    same_birth_date = person.birth_date is not None and person.birth_date == known.birth_date
    is_another = person.birth_date and known.birth_date and not same_birth_date
    if is_another or patients.is_contradicted(named, known, default_issuer=default):
        raise Held(person.identifiers[0], "patient_differs")
    name = f"{person.family_name}^{person.given_name}"
    if all(identity.names_differ(name, family=known.family_name, given=known.given_name)):
        if not same_birth_date:
            raise Held(person.identifiers[0], "patient_differs")
        context.work("patient_differs", patient=known, detail="name")
    return record
