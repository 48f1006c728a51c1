"""Which account follows from what is known of a patient: one, once, at the addresses the hospital has on
file.
"""

from __future__ import annotations

import unicodedata
from datetime import date

from django.db import transaction

from klisza.accounts.models import Account
from klisza.accounts.phones import normal_mobile
from klisza.accounts.services import Draft, create_account, draft, move_new_account, set_password_words
from klisza.audit.actor import Actor
from klisza.base import clock
from klisza.patients import queries
from klisza.patients.models import Patient

from .tasks import set_tasks

FULL_AGE = 18


def settle_account(*, patient: Patient, by: Actor) -> None:
    """Create the account, or move a new one, or tell the desk why neither happens. Safe to repeat at any
    time.
    """
    accounts = queries.accounts_of(patient)
    if not accounts:
        _create_or_ask(patient, by)
        return
    with transaction.atomic():
        set_password_words(account=accounts[0], words=words_of(patient))
    _follow_contact(patient, accounts[0], by)


def _create_or_ask(patient: Patient, by: Actor) -> None:
    lacking = what_is_lacking(patient)
    made = None if lacking else draft()  # argon2: before the transaction
    with transaction.atomic():
        set_tasks(patient, lacking)
        if made:
            _create_once(patient, made, by)


def _create_once(patient: Patient, made: Draft, by: Actor) -> None:
    """Two messages about one patient at the same moment: the second waits and finds the account."""
    row = Patient.objects.select_for_update().get(pk=patient.pk)
    if queries.accounts_of(row):
        return
    row.account = create_account(
        email=row.email,
        mobile=row.mobile,
        language=row.language,
        person_name=queries.full_name(row),
        by=by,
        words=words_of(row),
        made=made,
    )
    row.save(update_fields=["account"])


def _follow_contact(patient: Patient, account: Account, by: Actor) -> None:
    """A new account follows the desk; one in use keeps its addresses until the change is verified (R13)."""
    wanted = (patient.email or account.email, normal_mobile(patient.mobile) or account.mobile)
    differs = wanted != (account.email, account.mobile)
    moved = differs and move_new_account(account=account, email=wanted[0], mobile=wanted[1], by=by)
    with transaction.atomic():
        set_tasks(patient, {"contact_change"} if differs and not moved else set())


def what_is_lacking(patient: Patient) -> set[str]:
    """Kinds of DeskTask that stand between this patient and an account."""
    lacking = set()
    if not patient.email:
        lacking.add("no_email")
    if not patient.mobile:
        lacking.add("no_mobile")
    elif normal_mobile(patient.mobile) is None:
        lacking.add("number_not_allowed")
    if patient.birth_date is None:
        lacking.add("no_birth_date")
    elif age(patient.birth_date, clock.local_date(clock.now())) < FULL_AGE:
        lacking.add("under_age")
    return lacking


def age(born: date, today: date) -> int:
    """Full years; who was born on 29 February has a birthday on 1 March in other years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def words_of(patient: Patient) -> list[str]:
    """What an own password may not consist of: names with and without their accents, the year of birth."""
    names = [*patient.given_name.replace("-", " ").split(), *patient.family_name.replace("-", " ").split()]
    plain = [
        unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L"))
        .encode("ascii", "ignore")
        .decode()
        for name in names
    ]
    return [*names, *plain, *([str(patient.birth_date.year)] if patient.birth_date else [])]
