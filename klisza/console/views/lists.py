"""Plain lists: what is missing for an account, what could not be sent, who connected."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from klisza.accounts.middleware import PortalRequest
from klisza.audit.services import record
from klisza.console import queries
from klisza.console.presenters import words
from klisza.console.readers import DESK, may_read, reader
from klisza.patients import queries as patients
from klisza.patients.services.tasks import BY_ITSELF


@require_safe
@reader["associations"]
def associations(request: PortalRequest) -> HttpResponse:
    context = {
        "received": [(row, words.outcome(row.intake, settled=row.is_settled)) for row in queries.received()],
        "ended": [(row, words.word(words.ASSOCIATIONS, row.outcome)) for row in queries.associations()],
        "refused": [(row, words.word(words.DOORS, row.reason)) for row in queries.refused_associations()],
        "cut": [(row, words.word(words.DOORS, row.reason)) for row in queries.refused_connections()],
    }
    return render(request, "console/associations.html", context)


@require_safe
@reader["tasks"]
def tasks(request: PortalRequest) -> HttpResponse:
    record("staff.tasks_viewed", by=request.actor)
    rows = [
        (
            task,
            patients.full_name(task.patient),
            words.word(words.TASKS, task.kind),
            task.kind in BY_ITSELF,
        )
        for task in queries.open_tasks()
    ]
    return render(request, "console/tasks.html", {"rows": rows})


@require_safe
@reader["messages"]
def unsent(request: PortalRequest) -> HttpResponse:
    with_patients = may_read(request, *DESK)
    rows = [
        (
            failed.message,
            words.word(words.MESSAGES, failed.message.kind),
            words.word(words.CHANNELS, failed.message.channel),
            failed.patient if with_patients else None,
        )
        for failed in queries.failed_messages()
    ]
    return render(request, "console/messages.html", {"rows": rows, "with_patients": with_patients})
