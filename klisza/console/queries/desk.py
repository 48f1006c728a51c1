"""What the desk asks about one patient: what has become of the account's letters, and what waits for a decision."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from klisza.accounts.models import Account
from klisza.archive.models import Quarantined
from klisza.examinations import identity
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination, StudyIntake
from klisza.gateways.models import WorkItem
from klisza.notifications.models import Message
from klisza.patients import queries as patients
from klisza.patients.models import Patient, PatientIdentifier

MOST_EXAMINATIONS = 100
ACCOUNT_MAILS = ("account", "reset", "locked")
CODES = ("code",)


@dataclass(frozen=True)
class Waiting:
    """How much that may be this patient's is shown to nobody until somebody decides."""

    images: int
    objects: int
    messages: int


def last_mail(account: Account) -> Message | None:
    """About the account itself: results have mails of their own."""
    return _last(account.pk, "mail", ACCOUNT_MAILS)


def last_text(account: Account) -> Message | None:
    return _last(account.pk, "sms", CODES)


def _last(account_id: UUID, channel: str, kinds: Collection[str]) -> Message | None:
    rows = Message.objects.filter(account_id=account_id, channel=channel, kind__in=kinds).defer("sealed")
    return rows.order_by("-created_at").first()


def has_something_to_see(person: Patient) -> bool:
    return examinations.to_look_at().filter(patient__in=patients.aliases(person)).exists()


def judged_examinations(person: Patient) -> list[tuple[Examination, str]]:
    """All of them, newest first, each with what keeps it out of the patient's list."""
    rows = Examination.objects.filter(patient__in=patients.aliases(person)).order_by("-performed_at", "-id")
    return examinations.with_closed_doors(rows[:MOST_EXAMINATIONS])


def waiting_for(person: Patient) -> Waiting:
    mine = patients.aliases(person)
    numbers = list(PatientIdentifier.objects.filter(patient__in=mine).values_list("value", flat=True))
    theirs = Q(study__patient_id__in=numbers) | Q(instance__series__study__patient_id__in=numbers)
    return Waiting(
        images=_unmatched(person, set(numbers)),
        objects=Quarantined.objects.filter(theirs, resolved_at=None).count(),
        messages=WorkItem.objects.filter(done_at=None, patient__in=mine).count(),
    )


def _unmatched(person: Patient, numbers: set[str]) -> int:
    """Images without a patient that carry one of these numbers, or this name and birth date."""
    named = Q(study__patient_id__in=numbers)
    if person.birth_date:
        named |= Q(study__patient_birth_date=person.birth_date)
    rows = StudyIntake.objects.filter(named, outcome="unmatched", study__hidden_reason="")
    return sum(
        one.study.patient_id in numbers or _has_name(one.study.patient_name, person)
        for one in rows.select_related("study")
    )


def _has_name(in_images: str, person: Patient) -> bool:
    differs = identity.names_differ(in_images, family=person.family_name, given=person.given_name)
    return bool(in_images) and not any(differs)
