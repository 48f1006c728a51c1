"""The 18th birthday: guardians are over, and what came from them logs in no more (N11, R66)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from klisza.accounts.errors import ContactNotUsable
from klisza.accounts.models import Account
from klisza.accounts.phones import normal_mobile
from klisza.accounts.services import GUARDIAN, begin_anew, create_account, draft, provision, suspend
from klisza.audit.actor import SYSTEM, Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused
from klisza.patients import ages, queries
from klisza.patients.models import Patient

from .account import words_of
from .contact import say
from .family import hold
from .tasks import close_task, open_task

# A worker that was away for longer than this has other worries.
LOOKED_BACK = timedelta(days=400)
OPEN = (Account.State.NEW, Account.State.ACTIVE, Account.State.LOCKED)
ASIDE = ("merge", "hospital", GUARDIAN)


def suspend_grown_up() -> int:
    """Accounts of people who came of age, at addresses that are not known to be their own."""
    youngest = ages.youngest_adult()
    rows = Patient.objects.filter(
        birth_date__range=(youngest - LOOKED_BACK, youngest), account__state__in=OPEN
    ).exclude(account__lock_cause__in=ASIDE)
    count = 0
    for patient in rows.select_related("account"):
        if patient.account is not None and queries.needs_own_contact(patient):
            with transaction.atomic():
                suspend(account=patient.account, cause=GUARDIAN, by=SYSTEM)
                open_task(queries.survivor(patient), "own_contact")
            count += 1
    return count


def enter_own_contact(*, patient: Patient, email: str, mobile: str, document: str, by: Actor) -> Account:
    """The desk has seen the person's own document, and these are the person's own addresses.

    From settings.OWN_ACCOUNT_AGE on; the account is made, or begins anew: the temporary password goes to the
    new e-mail and the code to the new number, so both are proved by the first login.
    Raises Refused, ContactNotUsable.
    """
    person = queries.survivor(patient)
    _check(person, document)
    address, number = provision.usable_email(email), normal_mobile(mobile)
    if number is None:
        raise ContactNotUsable(_("This is not a mobile number to which the portal may send codes."))
    made = draft()  # argon2: before the transaction
    with transaction.atomic():
        top = hold(person).top(person)
        say(top, address, number)
        Patient.objects.filter(pk=top.pk).update(own_contact_at=clock.now(), updated_at=clock.now())
        account = queries.account_of(top)
        if account is None:
            account = create_account(
                email=address,
                mobile=number,
                language=top.language,
                person_name=queries.full_name(top),
                by=by,
                words=words_of(top),
                made=made,
            )
            Patient.objects.filter(pk=top.pk).update(account=account)
        else:
            begin_anew(account=account, email=address, mobile=number, by=by, made=made)
        for kind in ("own_contact", "under_age", "no_email", "no_mobile", "number_not_allowed"):
            close_task(top, kind)
        record("patient.own_contact", by=by, patient_id=top.pk, objects=[top, account], reason=document[:200])
    account.refresh_from_db()
    return account


def _check(person: Patient, document: str) -> None:
    if not document.strip():
        raise Refused(_("Write down which identity document you have seen."))
    if person.is_dead or person.restricted_reason or person.birth_date is None:
        raise Refused(_("This person cannot have an account at the moment."))
    if queries.account_of(person) is not None and not queries.needs_own_contact(person):
        raise Refused(_("This person has an account already. Change its contact data instead."))
    if not ages.may_have_own_account(person.birth_date):
        raise Refused(
            _("An own account is possible from the age of %(age)d.") % {"age": settings.OWN_ACCOUNT_AGE}
        )
