"""Carers and contact data as the desk sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from klisza.accounts import masking
from klisza.accounts.models import Account, ContactChange
from klisza.accounts.services import contact
from klisza.base import clock
from klisza.console.documents import DOCUMENTS
from klisza.examinations import kinds
from klisza.examinations import queries as examinations
from klisza.examinations.services.carers import MOST_CHOSEN
from klisza.patients import ages
from klisza.patients import queries as patients
from klisza.patients.models import Grant, GuardianProposal, Patient

from . import words

SCOPES = {
    "all": gettext_lazy("images and reports"),
    "no_reports": gettext_lazy("only the images"),
    "chosen": gettext_lazy("chosen examinations"),
}
KINDS = {
    "guardian": gettext_lazy("parent or guardian"),
    "authorised": gettext_lazy("authorised person"),
}
ENDED = {
    "patient": gettext_lazy("ended by the patient"),
    "carer": gettext_lazy("ended by the carer"),
    "desk": gettext_lazy("ended at the desk"),
    "age": gettext_lazy("ended with the 18th birthday"),
    "date": gettext_lazy("the last day is over"),
    "offer": gettext_lazy("the code was not used"),
    "closed": gettext_lazy("ended because an account was closed"),
    "death": gettext_lazy("ended by a death"),
    "alive": gettext_lazy("ended because a death was taken back"),
}


@dataclass(frozen=True)
class CarerLine:
    grant_id: UUID
    name: str
    kind: str
    scope: str
    state: str
    document: str
    user_name: str
    until: datetime | None
    is_open: bool


def carer_line(grant: Grant) -> CarerLine:
    live, waits = patients.is_live(grant), patients.is_open_offer(grant)
    if live:
        state = _("may see now")
    elif waits:
        state = _("the patient has made a code; nobody has entered it yet")
    else:
        state = words.word(ENDED, grant.end_reason) if grant.end_reason else _("does not count now")
    return CarerLine(
        grant_id=grant.pk,
        name=grant.carer_name,
        kind=words.word(KINDS, grant.kind),
        scope=_scope(grant),
        state=state,
        document=document_words(grant.document),
        user_name=grant.account.user_name if grant.account else "",
        until=patients.until(grant),
        is_open=live or waits,
    )


def _scope(grant: Grant) -> str:
    scope = words.word(SCOPES, grant.scope)
    return f"{scope} ({examinations.chosen_count(grant)})" if grant.scope == Grant.Scope.CHOSEN else scope


def examination_choices(person: Patient) -> list[tuple[str, str]]:
    """What is in the patient's list, by kind and day: the desk needs no titles."""
    return [
        (str(one.pk), f"{kinds.get(one.kind).name}, {clock.local_date(one.performed_at):%d.%m.%Y}")
        for one in examinations.listed(person)[:MOST_CHOSEN]
    ]


def document_words(noted: str) -> str:
    """As the form noted it: "passport, 1234"."""
    kind, comma, reference = noted.partition(", ")
    return f"{dict(DOCUMENTS).get(kind, kind)}{comma}{reference}"


@dataclass(frozen=True)
class ProposalLine:
    proposal_id: UUID
    name: str
    relation: str
    email: str
    mobile: str


def proposal_line(proposal: GuardianProposal) -> ProposalLine:
    return ProposalLine(
        proposal.pk,
        f"{proposal.given_name} {proposal.family_name}".strip(),
        words.word(words.RELATIONS, proposal.relation),
        proposal.email,
        proposal.mobile,
    )


@dataclass(frozen=True)
class Contact:
    user_name: str
    email: str
    mobile: str


def contact_of(account: Account) -> Contact:
    return Contact(account.user_name, masking.masked_email(account), masking.masked_mobile(account))


def contact_on_file(person: Patient) -> Contact:
    return contact_of(Account(email=person.email, mobile=person.mobile))


@dataclass(frozen=True)
class ChangeLine:
    masked: str
    document: str
    is_mail: bool
    has_code: bool


def change_line(change: ContactChange) -> ChangeLine:
    return ChangeLine(
        contact.masked_address(change),
        document_words(change.document),
        change.channel == contact.MAIL,
        contact.has_live_code(change),
    )


def is_minor(person: Patient) -> bool:
    return person.birth_date is not None and ages.age_now(person.birth_date) < ages.FULL_AGE


def may_have_own_account(person: Patient) -> bool:
    """From the age the hospital has set, while nobody has an account, or the one there is a former guardian's."""
    if person.birth_date is None or not ages.may_have_own_account(person.birth_date):
        return False
    account = patients.account_of(person)
    return (account is None and is_minor(person)) or patients.needs_own_contact(person)
