"""The plain lists of the console."""

from __future__ import annotations

from klisza.archive.models import Quarantined, RefusedAssociation
from klisza.notifications.models import Message
from klisza.patients import queries as patients
from klisza.patients.models import DeskTask

MOST_ROWS = 200


def quarantined() -> list[Quarantined]:
    return list(Quarantined.objects.filter(resolved_at=None).order_by("-received_at")[:MOST_ROWS])


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
