"""Whose e-mail and telephone stand in a young person's record: the own ones, or a guardian's (N11, R66)."""

from __future__ import annotations

from klisza.accounts.phones import normal
from klisza.patients import ages
from klisza.patients.models import Grant, GuardianProposal, Patient
from klisza.patients.statements import text_of

from .people import accounts_of, aliases, survivor


def needs_own_contact(patient: Patient) -> bool:
    """Of age, but the addresses on file are those from before, or a guardian's: nothing of them may log in until
    the desk has entered the person's own.
    """
    person = survivor(patient)
    if person.birth_date is None or ages.age_now(person.birth_date) < ages.FULL_AGE:
        return False
    birthday = ages.of_age_at(person.birth_date)
    entered = person.own_contact_at
    if entered is not None and entered >= birthday:
        return False
    accounts = accounts_of(person)
    pairs = [(one.email, one.mobile) for one in accounts] or [(person.email, person.mobile)]
    if {form for email, mobile in pairs for form in _forms(email, mobile)} & guardian_contacts(person):
        return True
    if entered is not None:
        return False
    if accounts:
        return any(one.created_at < birthday for one in accounts)
    return _was_said_before(person, text_of(birthday))


def guardian_contacts(person: Patient) -> set[str]:
    """E-mail addresses (lower case) and numbers of everybody who spoke, or was to speak, for this person as a
    guardian.
    """
    ids = aliases(person)
    grants = Grant.objects.filter(patient__in=ids, kind=Grant.Kind.GUARDIAN).exclude(account=None)
    rows = [*grants.values_list("account__email", "account__mobile")]
    rows += GuardianProposal.objects.filter(patient__in=ids).values_list("email", "mobile")
    return {form for email, mobile in rows for form in _forms(email, mobile)}


def _forms(email: str, mobile: str) -> set[str]:
    return {form for form in (email.casefold(), normal(mobile) if mobile else "") if form}


def _was_said_before(person: Patient, birthday: str) -> bool:
    """What is on file now was on file before the birthday, whoever has said it again since."""
    for row in Patient.objects.filter(pk__in=aliases(person)).only("statements"):
        for name, now in (("email", person.email), ("mobile", person.mobile)):
            said = row.statements.get(name, [])
            if any(value == now and at < birthday for at, _control, value in said if value):
                return True
    return False
