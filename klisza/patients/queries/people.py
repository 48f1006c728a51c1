"""Reading patients. A merge re-points nothing, so every reading starts at the survivor and takes its
aliases.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Q, QuerySet

from klisza.accounts.models import Account
from klisza.audit.models import AuditEvent
from klisza.base.errors import NotFound
from klisza.patients.models import DeskTask, MergeRecord, Patient, PatientIdentifier
from klisza.patients.viewer import Viewer


def patient_of(account: Account | None) -> Patient | None:
    if account is None:
        return None
    found = Patient.objects.select_related("survivor").filter(account=account).first()
    return survivor(found) if found else None


def get(patient_id: uuid.UUID) -> Patient:
    """Raises NotFound."""
    found = Patient.objects.filter(pk=patient_id).first()
    if found is None:
        raise NotFound
    return found


def find_by_identifier(issuer: str, value: str) -> Patient | None:
    """The one person this identifier means now; a value without its issuer means nobody."""
    row = PatientIdentifier.objects.select_related("patient").filter(issuer=issuer, value=value).first()
    return survivor(row.patient) if row else None


def survivor(patient: Patient) -> Patient:
    """The end of the chain of merges (B into A, A into C)."""
    while patient.survivor_id is not None:
        patient = Patient.objects.get(pk=patient.survivor_id)
    return patient


def aliases(patient: Patient) -> frozenset[uuid.UUID]:
    """This patient and everyone merged into it, directly or not."""
    found = {patient.pk}
    newest = found
    while newest:
        newest = set(Patient.objects.filter(survivor_id__in=newest).values_list("pk", flat=True)) - found
        found |= newest
    return frozenset(found)


def full_name(patient: Patient) -> str:
    return f"{patient.given_name} {patient.family_name}".strip()


def accounts_of(patient: Patient) -> list[Account]:
    """Accounts of the person, whichever of the merged records they hang on; the one in use first."""
    found = Account.objects.filter(patient__pk__in=aliases(patient)).order_by("created_at", "pk")
    return sorted(found, key=lambda account: not account.is_active)


def account_of(patient: Patient) -> Account | None:
    """The account that speaks for the person: mails about results go there. Not one that a merge or the
    hospital has put aside.
    """
    found = accounts_of(survivor(patient))
    return next((account for account in found if account.lock_cause not in ("merge", "hospital")), None)


def is_in_doubt(record: Patient, since: datetime) -> bool:
    """A visit was moved away from this very record (A44, A45) after that moment, and nobody can tell which."""
    moves = MergeRecord.objects.filter(other=record, kind="move", accounts=[], undone_at=None)
    return moves.filter(stated_at__gte=since).exists()


def has_moved(origin: str) -> bool:
    """This message has moved identifiers or a visit before."""
    return MergeRecord.objects.filter(origin=origin, kind="move").exists()


def waits_for_visit(person: Patient) -> bool:
    """Results only after the visit: who wished so under any of the merged records wishes so still."""
    return Patient.objects.filter(pk__in=aliases(person), tell_after_visit=True).exists()


def notice_channel(person: Patient) -> str:
    """mail | sms: as chosen with the account that is told."""
    account = account_of(person)
    record = Patient.objects.filter(account=account).first() if account else None
    return (record or person).notice_channel


def open_tasks(kind: str = "") -> QuerySet[DeskTask]:
    """For the registration desk, oldest first."""
    tasks = DeskTask.objects.select_related("patient").filter(done_at=None)
    return (tasks.filter(kind=kind) if kind else tasks).order_by("created_at")


def search(text: str, *, limit: int = 50) -> list[Patient]:
    """Staff only: by the exact identifier, or by words of the name (each must occur)."""
    words = text.split()
    if not words:
        return []
    named = Q()
    for word in words:
        named &= Q(family_name__icontains=word) | Q(given_name__icontains=word)
    found = Patient.objects.filter(Q(identifiers__value=text.strip()) | named).distinct()
    return list(found.select_related("account").order_by("family_name", "given_name", "pk")[:limit])


def access_events(viewer: Viewer, *, actions: frozenset[str], own: frozenset[str]) -> QuerySet[AuditEvent]:
    """What happened to the data of this person, newest first.

    actions: those that concern the data, whoever did them; own: those of the person's own account.
    What a young person with an own account looks at is no guardian's business (R66).
    """
    mine = Q(agent_id=str(viewer.account_id), action__in=own)
    data = Q(patient_id__in=viewer.patient_ids, action__in=actions)
    if viewer.is_guardian and viewer.patient_id is not None:
        children = [str(account.pk) for account in accounts_of(get(viewer.patient_id))]
        data &= ~Q(agent_id__in=children)
    return AuditEvent.objects.filter(data | mine).order_by("-pk")
