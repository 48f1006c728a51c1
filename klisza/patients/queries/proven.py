"""Who is meant by a PESEL that an identity provider has proved. More careful than the reading of messages: there a
mistake hides something from its owner, here it would show it to somebody else.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from klisza.patients import pesel
from klisza.patients.errors import IdentityInDoubt
from klisza.patients.models import Patient, PatientIdentifier

from .identifiers import UNPROVEN
from .people import aliases, survivor


def person_of_pesel(number: str) -> Patient | None:
    """The one person, after all merges; None when nobody here has this number now.

    A number that was replaced (A47) or only claimed leads nowhere: it was somebody else's, or nobody knows whose.
    Raises IdentityInDoubt: no right number, two people, another number beside it, another day of birth.
    """
    if not pesel.is_valid(number):
        raise IdentityInDoubt
    persons = {person.pk: person for person in map(survivor, _records(number))}
    if len(persons) > 1:
        raise IdentityInDoubt
    person = next(iter(persons.values()), None)
    if person is None:
        return None
    if person.birth_date and person.birth_date != pesel.birth_date(number):
        raise IdentityInDoubt
    if _has_another(person, number):
        raise IdentityInDoubt
    return person


def _records(number: str) -> list[Patient]:
    rows = _rows().filter(value=number).select_related("patient")
    return [row.patient for row in rows]


def _rows() -> QuerySet[PatientIdentifier]:
    """Whatever stands here as a PESEL and is one."""
    named = Q(issuer__in=(pesel.ISSUER, pesel.NAMESPACE)) | Q(kind=pesel.KIND)
    return PatientIdentifier.objects.filter(named, replaced_at=None).exclude(issuer__startswith=UNPROVEN)


def _has_another(person: Patient, number: str) -> bool:
    """Two people may have been merged by mistake."""
    return _rows().filter(patient__in=aliases(person)).exclude(value=number).exists()
