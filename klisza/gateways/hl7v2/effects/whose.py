"""Whose a message is: its identifiers say it, birth date and names may only contradict (R60)."""

from __future__ import annotations

from klisza.examinations import identity
from klisza.gateways.hl7v2.context import Context, Held
from klisza.patients import queries as patients
from klisza.patients.models import Patient
from klisza.standards.hl7v2.facts import Person


def patient_of(person: Person, context: Context) -> Patient:
    """The record that the message names, merged or not. Raises Held.

    Another birth date than the one on file holds the message back until one of the two is corrected; another
    name is for staff to look at.
    """
    record = patients.record_for(person.identifiers, context.default_issuer)
    known = patients.find_person(person.identifiers, default_issuer=context.default_issuer)
    if record is None or known is None:
        raise Held(person.identifiers[0])
    if person.birth_date and known.birth_date and person.birth_date != known.birth_date:
        raise Held(person.identifiers[0], "patient_differs")
    name = f"{person.family_name}^{person.given_name}"
    if all(identity.names_differ(name, family=known.family_name, given=known.given_name)):
        context.work("patient_differs", patient=known, detail="name")
    return record
