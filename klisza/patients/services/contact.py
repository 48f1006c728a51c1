"""E-mail and mobile number as the desk enters them, the person being there with a document (M0.3, S7)."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from klisza.accounts.errors import ContactNotUsable
from klisza.accounts.models import Account
from klisza.accounts.phones import normal_mobile
from klisza.accounts.services import provision
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base.errors import Refused
from klisza.patients import queries
from klisza.patients.models import Patient
from klisza.patients.statements import add, key_of, newest, text_of, time_of

from .account import is_minor, settle_account
from .family import hold, refold


def enter_contact(
    *, patient: Patient, document: str, email: str = "", mobile: str = "", visible: bool, by: Actor
) -> Account | None:
    """Of a person whose account does not exist yet or was never used; empty = as it stands on file.

    The account then appears by itself, as the policy says; a new one moves to the new addresses and gets a new
    temporary password. visible: there is an examination to look at. Returns the account, if there is one now.
    Raises Refused, ContactNotUsable.
    """
    person = queries.survivor(patient)
    _check(person, document)
    address = provision.usable_email(email) if email.strip() else ""
    number = normal_mobile(mobile) if mobile.strip() else ""
    if number is None:
        raise ContactNotUsable(_("This is not a mobile number to which the portal may send codes."))
    with transaction.atomic():
        top = hold(person).top(person)
        say(top, address, number)
        record("patient.contact_entered", by=by, patient_id=top.pk, objects=[top], reason=document[:200])
    return settle_account(patient=top, by=by, visible=visible)


def _check(person: Patient, document: str) -> None:
    if not document.strip():
        raise Refused(_("Write down which identity document you have seen."))
    if person.is_dead or person.restricted_reason:
        raise Refused(_("This person cannot have an account at the moment."))
    account = queries.account_of(person)
    if account is not None and account.state != Account.State.NEW:
        raise Refused(_("This person has an account already. Change its contact data instead."))
    if is_minor(person) or queries.needs_own_contact(person):  # enter_own_contact, or a carer
        raise Refused(
            _("What is on file may be somebody else's: the person's own is needed, with a document.")
        )


def say(top: Patient, address: str, number: str) -> None:
    """A statement like those of the hospital's system, newer than all of them; in the caller's transaction.

    Empty says nothing.
    """
    statements = dict(top.statements)
    for name, value in (("email", address), ("mobile", number)):
        if not value:
            continue
        known = statements.get(name, [])
        last, key = newest(known), key_of(None)
        if last and key[0] <= last[0]:
            key = (text_of(time_of(last[0]) + timedelta(microseconds=1)), "")
        statements[name] = add(known, key, value)
    top.statements = dict(sorted(statements.items()))
    Patient.objects.filter(pk=top.pk).update(statements=top.statements)
    refold(hold(top))
