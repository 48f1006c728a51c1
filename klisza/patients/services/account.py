"""Which account follows from what is known of a patient: one, once, at the addresses the hospital has on
file, and when the hospital's policy says (S7).
"""

from __future__ import annotations

import unicodedata

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from klisza.accounts.models import Account, ContactChange
from klisza.accounts.phones import normal_mobile
from klisza.accounts.services import (
    Draft,
    contact,
    create_account,
    draft,
    move_new_account,
    set_password_words,
)
from klisza.audit.actor import SYSTEM, Actor
from klisza.notifications.services import enqueue_mail
from klisza.patients import ages, queries
from klisza.patients.models import DeskTask, Patient
from klisza.patients.queries.guardians import needs_own_contact

from .tasks import BY_ITSELF, set_tasks

SETTLED_AT_ONCE = 100
AT_ONCE, WITH_EXAMINATION = "at-once", "with-first-visible-examination"


def settle_account(
    *, patient: Patient, by: Actor, visible: bool = False, invited: bool = False, quiet: bool = False
) -> Account | None:
    """Create the account, or move a new one, or tell the desk why neither happens. Safe to repeat at any
    time. Returns the account that speaks for the person, if there is one.

    visible: there is an examination to look at. invited: staff invite. quiet: no account, no mail now.
    """
    person = queries.survivor(Patient.objects.get(pk=patient.pk))
    account = queries.account_of(person)
    if account is not None:
        with transaction.atomic():
            set_password_words(account=account, words=words_of(person))
        if not quiet:
            _follow_contact(person, account, by)
        return account
    if _may_have_one(person, visible=visible, invited=invited) and not quiet:
        _create_or_ask(person, by)
    elif DeskTask.objects.filter(patient=person, kind__in=BY_ITSELF, done_at=None).exists():
        with transaction.atomic():
            set_tasks(person, what_is_lacking(person))
    return queries.account_of(person)


def provide_account(*, patient: Patient, by: Actor, invited: bool = False) -> Account | None:
    """There is something to look at: under the default policy this is when the account arises.

    invited: staff ask this patient in, whatever the policy, after an initial load as well.
    """
    return settle_account(patient=patient, by=by, visible=True, invited=invited)


def _may_have_one(person: Patient, *, visible: bool, invited: bool) -> bool:
    """Who has, or had, an account that was put aside gets no second one by itself."""
    if not _can_have_one(person):
        return False
    return invited or not _waits_for(person, visible=visible)


def _can_have_one(person: Patient) -> bool:
    if person.is_dead or person.restricted_reason or queries.accounts_of(person):
        return False
    return bool(person.family_name)  # else known by a merge only


def _waits_for(person: Patient, *, visible: bool) -> str:
    """What else must happen before the account appears by itself: invitation | examination; empty = nothing."""
    if person.is_quiet or settings.ACCOUNT_POLICY not in (AT_ONCE, WITH_EXAMINATION):
        return "invitation"
    return "examination" if settings.ACCOUNT_POLICY == WITH_EXAMINATION and not visible else ""


def why_no_account(*, patient: Patient, visible: bool) -> list[str]:
    """For the desk, of somebody who has none: everything that stands in the way; empty = it is on its way.

    Kinds of `what_is_lacking`; too_young: not even with an own document; died, restricted, put_aside,
    no_name; else invitation or examination, for which the hospital's policy waits.
    """
    person = queries.survivor(patient)
    barred = {
        "died": person.is_dead,
        "restricted": bool(person.restricted_reason),
        "put_aside": bool(queries.accounts_of(person)),
        "no_name": not person.family_name,
    }
    if any(barred.values()):
        return [name for name, holds in barred.items() if holds]
    lacking = what_is_lacking(person)
    if "under_age" in lacking and person.birth_date and not ages.may_have_own_account(person.birth_date):
        return ["too_young"]
    waits = _waits_for(person, visible=visible)
    return [*sorted(lacking), *([waits] if waits else [])]


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
    if row.survivor_id is not None or queries.accounts_of(row) or what_is_lacking(row):
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
    """A new account follows the desk; one in use keeps its addresses until its owner, or the desk with a
    document, has read back a code from the new one (R13).
    """
    if needs_own_contact(patient):
        with transaction.atomic():
            set_tasks(patient, {"own_contact"})
        return
    wanted = (patient.email or account.email, normal_mobile(patient.mobile) or account.mobile)
    differs = wanted != (account.email, account.mobile)
    if differs and account.state == Account.State.NEW:
        differs = not move_new_account(account=account, email=wanted[0], mobile=wanted[1], by=by)
    with transaction.atomic():
        waits = differs and contact.propose(account=account, email=wanted[0], mobile=wanted[1], by=by)
        if "contact_change" in set_tasks(patient, {"contact_change"} if waits else set()):
            for address in dict.fromkeys([account.email, wanted[0]]):
                _tell_contact_change(account, address)


def settle_contact_tasks() -> int:
    """Close the task where the owner or the desk has decided on the new address since."""
    decided = ContactChange.objects.filter(account=OuterRef("patient__account"))
    since = Q(done_at__gte=OuterRef("created_at")) | Q(dropped_at__gte=OuterRef("created_at"))
    tasks = DeskTask.objects.filter(Exists(decided.filter(since)), kind="contact_change", done_at=None)
    found = list(tasks.select_related("patient")[:SETTLED_AT_ONCE])
    for task in found:
        settle_account(patient=task.patient, by=SYSTEM)
    return 0  # nothing to hurry for


def _tell_contact_change(account: Account, address: str) -> None:
    """To the old address and to the new one, which nobody has verified and which therefore learns nothing."""
    enqueue_mail(
        to=address,
        language=account.language,
        template="patients/mail/contact_change",
        kind="contact",
        account_id=account.pk,
        context={
            "user_name": account.user_name if address == account.email else "",
            "portal_name": settings.PORTAL_NAME,
            "support": {
                "email": settings.SUPPORT_EMAIL,
                "phone": settings.SUPPORT_PHONE,
                "hours": settings.SUPPORT_HOURS,
            },
        },
    )


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
    elif is_minor(patient):
        lacking.add("under_age")
    elif needs_own_contact(patient):
        lacking.add("own_contact")
    return lacking


def is_minor(patient: Patient) -> bool:
    return patient.birth_date is not None and ages.age_now(patient.birth_date) < ages.FULL_AGE


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
