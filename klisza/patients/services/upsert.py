"""A patient as ADT, FHIR or the desk describes him or her, and the account that follows from it (S7, S8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db import IntegrityError, transaction

from klisza.accounts.phones import normal
from klisza.accounts.services import provision, revoke
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import BadMessage, Refused
from klisza.patients import queries
from klisza.patients.models import Patient, PatientIdentifier

from .account import settle_account

IDENTITY = ("family_name", "given_name", "birth_date", "sex")
SEXES = ("F", "M", "O")


@dataclass(frozen=True)
class _Facts:
    """One description, cleaned. Empty contact data mean "not said", never "remove"."""

    identifiers: tuple[tuple[str, str], ...]
    identity: dict[str, object]
    contact: dict[str, str]


def upsert_patient(
    *,
    identifiers: Sequence[tuple[str, str]],
    family_name: str,
    given_name: str,
    birth_date: date | None,
    sex: str = "",
    email: str = "",
    mobile: str = "",
    language: str = "pl",
    by: Actor,
) -> Patient:
    """Make or correct one patient; the account arises as soon as e-mail and mobile are both known.

    identifiers: (issuer, value) pairs, all of one person; the first known one finds the patient.
    mobile: any written form; kept as E.164.
    Repeating the same call changes nothing. What the desk must do for an account becomes DeskTask rows.
    Raises BadMessage without identifier or name, or when the identifiers belong to two patients.
    """
    facts = _clean(identifiers, family_name, given_name, birth_date, sex, email, mobile, language)
    try:
        patient = _store(facts, by)
    except IntegrityError:  # the same new identifier in two processes at once: the other one was first
        patient = _store(facts, by)
    settle_account(patient=patient, by=by)
    patient.refresh_from_db()
    return patient


def _clean(
    identifiers: Sequence[tuple[str, str]],
    family: str,
    given: str,
    born: date | None,
    sex: str,
    email: str,
    mobile: str,
    language: str,
) -> _Facts:
    pairs = tuple(
        dict.fromkeys(
            (issuer.strip(), value.strip())
            for issuer, value in identifiers
            if issuer.strip() and value.strip()
        )
    )
    names = {"family_name": " ".join(family.split())[:200], "given_name": " ".join(given.split())[:200]}
    if not pairs:
        raise BadMessage("a patient needs at least one identifier with its issuer")
    if not names["family_name"]:
        raise BadMessage("a patient needs a family name")
    return _Facts(
        identifiers=pairs,
        identity={
            **names,
            "birth_date": born,
            "sex": sex.strip().upper() if sex.strip().upper() in SEXES else "",
        },
        contact={
            "email": _email(email),
            "mobile": normal(mobile),
            "language": language if language in dict(settings.LANGUAGES) else "",
        },
    )


def _email(text: str) -> str:
    """An address that cannot be written to is none; the desk is asked for a right one."""
    try:
        return provision.usable_email(text) if text.strip() else ""
    except Refused:
        return ""


@transaction.atomic
def _store(facts: _Facts, by: Actor) -> Patient:
    patient = _find(facts.identifiers)
    now = clock.now()
    if patient is None:
        patient = Patient(created_at=now, updated_at=now, **facts.identity)
        _take_contact(patient, facts)
        patient.save(force_insert=True)
        _add_identifiers(patient, facts.identifiers)
        record("patient.created", by=by, patient_id=patient.pk, objects=[patient])
        return patient
    patient = Patient.objects.select_for_update().get(pk=patient.pk)
    is_other_identity = _take_identity(patient, facts)
    is_other_contact = _take_contact(patient, facts)
    has_new_identifier = _add_identifiers(patient, facts.identifiers)
    if is_other_identity or has_new_identifier:
        patient.access_epoch += 1
        if patient.account_id:
            revoke(subject=str(patient.account_id))
    if is_other_identity or is_other_contact or has_new_identifier:
        patient.updated_at = clock.now()  # after the lock: whoever looked before is older
        patient.save()
        record("patient.updated", by=by, patient_id=patient.pk, objects=[patient])
    return patient


def _find(pairs: Sequence[tuple[str, str]]) -> Patient | None:
    found = {
        patient.pk: patient for patient in (queries.find_by_identifier(*pair) for pair in pairs) if patient
    }
    if len(found) > 1:
        raise BadMessage("the identifiers belong to two patients; merge them first")
    return next(iter(found.values()), None)


def _take_identity(patient: Patient, facts: _Facts) -> bool:
    """An unknown birth date or sex does not overwrite a known one."""
    changed = {
        name: value
        for name, value in facts.identity.items()
        if value not in (None, "") and value != getattr(patient, name)
    }
    for name, value in changed.items():
        setattr(patient, name, value)
    return bool(changed)


def _take_contact(patient: Patient, facts: _Facts) -> bool:
    changed = {
        name: value for name, value in facts.contact.items() if value and value != getattr(patient, name)
    }
    for name, value in changed.items():
        setattr(patient, name, value)
    return bool(changed)


def _add_identifiers(patient: Patient, pairs: Sequence[tuple[str, str]]) -> bool:
    group = queries.aliases(patient)
    known = set(PatientIdentifier.objects.filter(patient_id__in=group).values_list("issuer", "value"))
    missing = [pair for pair in pairs if pair not in known]
    for issuer, value in missing:
        PatientIdentifier.objects.create(patient=patient, issuer=issuer, value=value)
    return bool(missing)
