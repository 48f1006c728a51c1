"""The plain lists of the console."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from klisza.archive.models import Association, Instance, Quarantined, RefusedAssociation, Study
from klisza.base.errors import NotFound
from klisza.examinations.models import StudyIntake
from klisza.gateways.models import RefusedConnection
from klisza.notifications.models import Message
from klisza.patients import queries as patients
from klisza.patients.models import DeskTask, Patient

MOST_ROWS = 200
MOST_UNDELIVERED = 20
NEWEST_CONNECTIONS = 50
NEWEST_INSTANCES = 5000  # ids sort by time; the table may hold many millions


@dataclass(frozen=True)
class Failed:
    """patient: whose account it was for; None when the account has gone."""

    message: Message
    patient: Patient | None


@dataclass(frozen=True)
class Received:
    """Images of one study from one source, among the newest. intake: None while it is arriving."""

    study_id: UUID
    at: datetime
    source: str
    count: int
    is_settled: bool
    intake: StudyIntake | None


def received() -> list[Received]:
    """What devices sent last and what became of it, newest first."""
    newest = Instance.objects.order_by("-pk").values_list("series__study_id", "source", "received_at")
    groups: dict[tuple[UUID, str], list[datetime]] = {}
    for study_id, source, at in newest[:NEWEST_INSTANCES]:
        groups.setdefault((study_id, source), []).append(at)
    shown = list(groups.items())[:NEWEST_CONNECTIONS]
    ids = [study_id for (study_id, _), _ in shown]
    settled = set(Study.objects.filter(pk__in=ids, state=Study.State.SETTLED).values_list("pk", flat=True))
    intakes = StudyIntake.objects.in_bulk(ids)
    return [
        Received(study_id, times[0], source, len(times), study_id in settled, intakes.get(study_id))
        for (study_id, source), times in shown
    ]


def quarantined_object(object_id: UUID) -> Quarantined:
    """Raises NotFound."""
    rows = Quarantined.objects.select_related("instance__series", "study")
    found = rows.filter(pk=object_id).defer("instance__frame_index").first()
    if found is None:
        raise NotFound
    return found


def associations() -> list[Association]:
    return list(Association.objects.order_by("-ended_at")[:NEWEST_CONNECTIONS])


def quarantined() -> list[Quarantined]:
    return list(Quarantined.objects.filter(resolved_at=None).order_by("-received_at")[:MOST_ROWS])


def refused_connections() -> list[RefusedConnection]:
    return list(RefusedConnection.objects.order_by("-at")[:NEWEST_CONNECTIONS])


def refused_associations() -> list[RefusedAssociation]:
    return list(RefusedAssociation.objects.order_by("-at")[:NEWEST_CONNECTIONS])


def open_tasks() -> list[DeskTask]:
    return list(patients.open_tasks()[:MOST_ROWS])


def failed_messages() -> list[Failed]:
    failed = Message.objects.filter(state=Message.State.FAILED).defer("sealed")
    rows = list(failed.order_by("-finished_at")[:MOST_ROWS])
    owners = owners_of(rows)
    return [Failed(row, owners.get(row.account_id)) for row in rows]


def owners_of(messages: Iterable[Message]) -> dict[UUID | None, Patient]:
    """Whose account each of them was sent to."""
    ids = {message.account_id for message in messages if message.account_id}
    return {patient.account_id: patient for patient in Patient.objects.filter(account_id__in=ids)}


def undelivered(account_ids: Iterable[UUID]) -> list[Message]:
    """Of these accounts: what failed or came back, unless somebody has dealt with it."""
    bounced = Q(bounced_at__isnull=False, bounce_done_at=None)
    rows = Message.objects.filter(bounced | Q(state=Message.State.FAILED), account_id__in=list(account_ids))
    return list(rows.order_by("-created_at")[:MOST_UNDELIVERED])
