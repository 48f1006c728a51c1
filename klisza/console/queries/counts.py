"""How long the lists are that wait for somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import QuerySet

from klisza.accounts import queries as accounts
from klisza.archive.models import Quarantined
from klisza.examinations.models import Breach, StudyIntake
from klisza.examinations.queries import held_examinations
from klisza.gateways.models import InboundMessage, WorkItem
from klisza.notifications.models import Message
from klisza.patients import queries as patients
from klisza.patients.models import GuardianProposal
from klisza.questionnaires.queries import staff as questionnaires
from klisza.uploads import queries as uploads

LENGTHS: dict[str, Callable[[], QuerySet[Any]]] = {
    "tasks": patients.open_tasks,
    "work": lambda: WorkItem.objects.filter(done_at=None),
    "held": lambda: InboundMessage.objects.filter(state=InboundMessage.State.HELD),
    "failed": lambda: InboundMessage.objects.filter(state=InboundMessage.State.FAILED),
    "studies": lambda: StudyIntake.objects.filter(outcome="unmatched", study__hidden_reason=""),
    "objects": lambda: Quarantined.objects.filter(resolved_at=None),
    "bounces": lambda: Message.objects.filter(bounced_at__isnull=False, bounce_done_at=None),
    "guardians": lambda: GuardianProposal.objects.filter(decided_at=None),
    "closing": accounts.closing_requests,
    "messages": lambda: Message.objects.filter(state=Message.State.FAILED),
    "deliveries": uploads.for_staff_to_do,
    "breaches": lambda: Breach.objects.filter(closed_at=None),
    "release": held_examinations,
    "answers": questionnaires.with_unseen_flags,
    "incomplete": questionnaires.incomplete,
}


def counts(names: Iterable[str]) -> dict[str, int]:
    """Length of each of these lists that has one."""
    return {name: LENGTHS[name]().count() for name in names if name in LENGTHS}
