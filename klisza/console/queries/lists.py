"""The plain lists of the console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from klisza.archive.models import Instance, Quarantined, RefusedAssociation, Study
from klisza.examinations.models import StudyIntake
from klisza.gateways.models import RefusedConnection
from klisza.notifications.models import Message
from klisza.patients import queries as patients
from klisza.patients.models import DeskTask

MOST_ROWS = 200
NEWEST_INSTANCES = 5000  # ids sort by time; the table may hold many millions


@dataclass(frozen=True)
class Received:
    """Images of one study from one source, among the newest. intake: None while it is arriving."""

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
    shown = list(groups.items())[:MOST_ROWS]
    ids = [study_id for (study_id, _), _ in shown]
    settled = set(Study.objects.filter(pk__in=ids, state=Study.State.SETTLED).values_list("pk", flat=True))
    intakes = StudyIntake.objects.in_bulk(ids)
    return [
        Received(times[0], source, len(times), study_id in settled, intakes.get(study_id))
        for (study_id, source), times in shown
    ]


def quarantined() -> list[Quarantined]:
    return list(Quarantined.objects.filter(resolved_at=None).order_by("-received_at")[:MOST_ROWS])


def refused_connections() -> list[RefusedConnection]:
    return list(RefusedConnection.objects.order_by("-at")[:MOST_ROWS])


def refused_associations() -> list[RefusedAssociation]:
    return list(RefusedAssociation.objects.order_by("-at")[:MOST_ROWS])


def open_tasks() -> list[DeskTask]:
    return list(patients.open_tasks()[:MOST_ROWS])


def failed_messages() -> list[Message]:
    return list(
        Message.objects.filter(state=Message.State.FAILED)
        .defer("sealed")
        .order_by("-finished_at")[:MOST_ROWS]
    )
