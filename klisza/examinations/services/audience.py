"""Who is told of a person's results: the account that speaks for the person, and carers who may see them (N11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from klisza.accounts.models import Account
from klisza.audit.actor import SYSTEM
from klisza.documents.models import Document
from klisza.examinations import queries
from klisza.examinations.models import Examination
from klisza.patients import queries as patients
from klisza.patients.models import Grant, Patient

from .news import Fact

MAILED = (Account.State.NEW, Account.State.ACTIVE)
TOLD_SOME_DAY = (*MAILED, Account.State.LOCKED)
# What was there this long before the account is no news to it: the first login shows it.
BEFORE_ACCOUNT = timedelta(days=1)
OF_REPORTS = ("report", "corrected", "document")


@dataclass(frozen=True)
class Reader:
    """grant None: the person. since: what was there before is no news."""

    account: Account
    since: datetime
    grant: Grant | None = None


def readers_of(patient: Patient) -> list[Reader]:
    """None of whom nothing is shown, and of the dead."""
    person = patients.survivor(patient)
    if person.restricted_reason or patient.restricted_reason or person.is_dead or person.died_at:
        return []
    own = patients.account_of(person)
    found = [Reader(own, own.created_at - BEFORE_ACCOUNT)] if own else []
    for grant in patients.live_on(person):
        if grant.account is not None and grant.taken_at is not None:
            found.append(Reader(grant.account, grant.taken_at, grant))
    return [reader for reader in found if reader.account.state in TOLD_SOME_DAY]


def may_learn(reader: Reader, examination: Examination, fact: str, detail: str) -> bool:
    """The scope of a carer's grant reaches this fact. Whether it is released is another question."""
    if reader.grant is None:
        return True
    viewer = patients.carer_viewer(reader.account, reader.grant, SYSTEM)
    is_of_report = fact in OF_REPORTS or (fact == "withdrawn" and detail != "images")
    return queries.in_scope(viewer, examination, purpose="report" if is_of_report else "notice")


def knows(reader: Reader, examination: Examination, one: Fact) -> bool:
    return may_learn(reader, examination, one.fact, one.detail)


def may_read(reader: Reader, document: Document) -> bool:
    """A document that belongs to no examination; nobody has chosen any of those for a carer."""
    if reader.grant is None:
        return True
    return reader.grant.scope == Grant.Scope.ALL and document.patient_id in patients.aliases(
        patients.survivor(reader.grant.patient)
    )
