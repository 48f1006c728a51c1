"""Lists that staff work through."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from klisza.base.errors import NotFound
from klisza.examinations.models import Breach, Examination
from klisza.gateways.models import WorkItem
from klisza.notifications.models import Message
from klisza.patients import queries as patients
from klisza.patients.models import GuardianProposal, Patient

from .lists import MOST_ROWS, owners_of


@dataclass(frozen=True)
class Bounce:
    """patient: whose account it was; None when the account has gone."""

    message: Message
    patient: Patient | None


def open_work() -> list[WorkItem]:
    """Oldest first: what has waited longest is done first."""
    rows = WorkItem.objects.filter(done_at=None).select_related("message", "patient", "examination")
    return list(rows.defer("message__raw").order_by("kind", "created_at")[:MOST_ROWS])


def work_item(item_id: UUID) -> WorkItem:
    """Raises NotFound."""
    rows = WorkItem.objects.select_related("message", "patient", "examination").defer("message__raw")
    found = rows.filter(pk=item_id).first()
    if found is None:
        raise NotFound
    return found


def moved(patient: Patient | None) -> list[Examination]:
    """Examinations of this person that are hidden since another system moved something (A43 to A45)."""
    if patient is None:
        return []
    mine = patients.aliases(patients.survivor(patient))
    rows = Examination.objects.filter(patient__in=mine, hidden_reason="moved")
    return list(rows.order_by("performed_at"))


def bounces() -> list[Bounce]:
    rows = Message.objects.filter(bounced_at__isnull=False, bounce_done_at=None).defer("sealed")
    found = list(rows.order_by("-bounced_at")[:MOST_ROWS])
    owners = owners_of(found)
    return [Bounce(row, owners.get(row.account_id)) for row in found]


def guardians() -> list[GuardianProposal]:
    rows = GuardianProposal.objects.filter(decided_at=None).select_related("patient")
    return list(rows.order_by("proposed_at")[:MOST_ROWS])


def guardians_of(person: Patient) -> list[GuardianProposal]:
    """Proposals for this person that nobody has decided on."""
    rows = GuardianProposal.objects.filter(decided_at=None, patient__in=patients.aliases(person))
    return list(rows.order_by("proposed_at"))


def breaches(*, closed: bool = False) -> list[Breach]:
    rows = Breach.objects.filter(closed_at__isnull=not closed).select_related("patient", "examination")
    return list(rows.order_by("-noted_at")[:MOST_ROWS])


def breach(breach_id: UUID) -> Breach:
    """Raises NotFound."""
    found = Breach.objects.select_related("patient", "examination").filter(pk=breach_id).first()
    if found is None:
        raise NotFound
    return found
