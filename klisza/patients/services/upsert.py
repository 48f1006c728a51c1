"""A patient as ADT, FHIR, a script or the desk describes him or her, and the account that follows (S7, S8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from klisza.accounts.phones import normal
from klisza.accounts.services import provision
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import BadMessage, Refused
from klisza.patients import queries
from klisza.patients.models import Patient
from klisza.patients.queries import Form
from klisza.patients.statements import IDENTITY, Key, add, key_of, newest, text_of, time_of
from klisza.standards.hl7v2.facts import DELETED, Identifier, Person, Stamp

from . import death, restriction
from .account import settle_account
from .family import hold, is_other_person, refold, tell_readers
from .identifiers import add_forms, learn
from .tasks import open_task, watch_shared_email

SEXES = ("F", "M", "O")
CONTACT = ("email", "mobile")


@dataclass(frozen=True)
class Description:
    """One message about one person, cleaned. said: only what was said; "" = removed.

    stamp None: a person or a script says it now. is_quiet: part of an initial load.
    """

    forms: tuple[Form, ...]
    said: dict[str, Any]
    stamp: Stamp | None = None
    is_quiet: bool = False
    is_strict: bool = False


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
    stamp: Stamp | None = None,
    is_dead: bool | None = None,
    is_confidential: bool | None = None,
    quiet: bool = False,
) -> Patient:
    """Make or correct one patient; the account arises as the account policy says.

    identifiers: (issuer, value) pairs, all of one person; the first known one finds the patient.
    mobile: any written form; kept as E.164. Empty text means "not said", never "remove".
    stamp: when it was so; None = now. What is older than what is known changes nothing, field by field.
    quiet: part of an initial load: no account by itself, no mail.
    Repeating the same call changes nothing. What the desk must do for an account becomes DeskTask rows.
    Raises BadMessage without identifier or, from a script, without family name, or when the identifiers
    belong to two patients.
    """
    said = {
        "family_name": family_name,
        "given_name": given_name,
        "birth_date": birth_date,
        "sex": sex,
        "email": email,
        "mobile": mobile,
        "language": language,
        "is_dead": is_dead,
        "confidential": is_confidential,
    }
    named = [Identifier(value, issuer) for issuer, value in identifiers if issuer.strip() and value.strip()]
    described = Description(
        tuple(queries.forms(named, settings.ISSUER)), cleaned(said), stamp, is_quiet=quiet, is_strict=True
    )
    if stamp is None and "family_name" not in described.said:
        raise BadMessage("a patient needs a family name")
    patient = describe(described, by=by)
    settle_account(patient=patient, by=by, quiet=quiet)
    patient.refresh_from_db()
    return patient


def upsert_person(
    *,
    person: Person,
    stamp: Stamp,
    default_issuer: str,
    by: Actor,
    quiet: bool = False,
    initial: bool = False,
    is_deleted: bool | None = False,
    identifiers: Sequence[Identifier] | None = None,
) -> Patient:
    """The same from an ADT: facts with a stamp, and identifiers under all names of their issuers.

    quiet: no account and no mail follows. initial: part of an initial load, staff invite (S7).
    identifiers: the part of the person's to use, where a merge tells them apart.
    When they belong to two persons, the facts concern the one of the first identifier and nothing is joined;
    the desk gets a task at both. Addresses are nobody's then, nor is a name with another birth date than his or
    hers: the way in to one's results must not be sent to the other (R12).
    """
    named = person.identifiers if identifiers is None else identifiers
    learn(named)
    said: dict[str, Any] = {
        name: getattr(person, name)
        for name in ("family_name", "given_name", "birth_date", "sex", "email", "mobile", "language")
    }
    is_dead = person.died_at or person.is_dead if person.is_dead is not False else False
    said |= {"is_dead": is_dead, "confidential": person.is_confidential, "deleted": is_deleted}
    said |= dict.fromkeys(_doubtful(person, named, default_issuer), None)
    forms = tuple(queries.forms(named, default_issuer))
    patient = describe(Description(forms, cleaned(said), stamp, is_quiet=initial), by=by)
    settle_account(patient=patient, by=by, quiet=quiet)
    patient.refresh_from_db()
    return patient


def _doubtful(person: Person, named: Sequence[Identifier], default_issuer: str) -> tuple[str, ...]:
    """Of what a message says of two people: fields that may be the other one's."""
    people = queries.persons_of(named, default_issuer)
    if len(people) < 2:
        return ()
    is_other = person.birth_date and people[0].birth_date and person.birth_date != people[0].birth_date
    return (*CONTACT, *IDENTITY) if is_other else CONTACT


def cleaned(said: dict[str, Any]) -> dict[str, Any]:
    """Only what was said and can be used."""
    language, sex = said["language"] or "", (said["sex"] or "").strip().upper()
    known = {
        "family_name": " ".join((said["family_name"] or "").split())[:200],
        "given_name": " ".join((said["given_name"] or "").split())[:200],
        "birth_date": said["birth_date"],
        "sex": sex if sex in SEXES else "",
        "language": language if language in dict(settings.LANGUAGES) else "",
        "is_dead": said["is_dead"],
        "confidential": said["confidential"],
        "deleted": said.get("deleted"),
        "email": _email(said["email"] or ""),
        "mobile": None if said["mobile"] == DELETED else normal(said["mobile"] or ""),
    }
    kept = {name: value for name, value in known.items() if value not in (None, "")}
    removed = {name: "" for name in ("email", "mobile") if said[name] == DELETED}
    return kept | removed


def _email(text: str) -> str:
    """An address that cannot be written to is none; the desk is asked for a right one."""
    try:
        return provision.usable_email(text) if text.strip() and text != DELETED else ""
    except Refused:
        return ""


def describe(described: Description, *, by: Actor) -> Patient:
    """Store it, without the account that may follow. Returns the person, after all merges."""
    if not described.forms:
        raise BadMessage("a patient needs at least one identifier with its issuer")
    try:
        return _store(described, by)
    except IntegrityError:  # the same new identifier in two processes at once: the other one was first
        return _store(described, by)


@transaction.atomic
def _store(described: Description, by: Actor) -> Patient:
    records = queries.records(described.forms)
    persons = list({person.pk: person for person in map(queries.survivor, records)}.values())
    if len(persons) > 1:
        if described.is_strict:
            raise BadMessage("the identifiers belong to two patients; merge them first")
        for person in persons:
            open_task(person, "identifiers_of_two")
    if not records:
        return _create(described, by)
    return _correct(records[0], described, takes_identifiers=len(persons) == 1, by=by)


def _create(described: Description, by: Actor) -> Patient:
    now = clock.now()
    patient = Patient.objects.create(created_at=now, updated_at=now, is_quiet=described.is_quiet)
    add_forms(patient, described.forms)
    _say(patient, described)
    family = hold(patient)
    refold(family)
    row = family.row(patient)
    record("patient.created", by=by, patient_id=row.pk, objects=[row])
    _after(row, family.changed[row.pk], by)
    return row


def _correct(owner: Patient, described: Description, *, takes_identifiers: bool, by: Actor) -> Patient:
    family = hold(owner)
    owner, top = family.row(owner), family.top(owner)
    has_new_identifier = takes_identifiers and add_forms(owner, described.forms)
    _say(owner, described)
    refold(family)
    touched = [row for row in family.rows.values() if _news(family.changed[row.pk])]
    other = [row for row in touched if is_other_person(family.changed[row.pk])]
    if has_new_identifier and top not in other:
        other.append(top)
    tell_readers(family, other)
    Patient.objects.filter(pk__in=[row.pk for row in touched]).update(updated_at=clock.now())
    if touched or has_new_identifier:
        record("patient.updated", by=by, patient_id=top.pk, objects=[top])
    _after(top, family.changed[top.pk], by)
    top.refresh_from_db()
    return top


def _news(changed: set[str]) -> set[str]:
    """That the same was said again later is kept, but is no news."""
    return changed - {"stated"}


def _say(owner: Patient, described: Description) -> None:
    """Put it down on the record the identifier stands on."""
    statements = dict(owner.statements)
    for name, value in described.said.items():
        statements[name] = add(
            statements.get(name, []), _key(described.stamp, statements.get(name, [])), value
        )
    owner.statements = dict(sorted(statements.items()))
    Patient.objects.filter(pk=owner.pk).update(statements=owner.statements)


def _key(stamp: Stamp | None, known: Iterable[list[Any]]) -> Key:
    """What a person says now is the newest, even where the hospital's clock runs ahead of ours."""
    key, last = key_of(stamp), newest(known)
    if stamp is None and last and key[0] <= last[0]:
        return text_of(time_of(last[0]) + timedelta(microseconds=1)), ""
    return key


def _after(top: Patient, changed: set[str], by: Actor) -> None:
    """What the desk must know, and whether the account may be used."""
    if "is_dead" in changed:
        death.follow(top, by=by)
    if "restricted_reason" in changed:
        restriction.follow(top, by=by)
    if "email" in changed:
        watch_shared_email(top)
