"""What messages could not settle, mails that came back, carers the hospital's system names."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.audit.services import record
from klisza.base.errors import NotFound
from klisza.console import services
from klisza.console.forms.work import NoteForm
from klisza.console.presenters import inbox as shown
from klisza.console.presenters import words
from klisza.console.queries import work as queries
from klisza.console.readers import DESK, MOVED, may_read, reader
from klisza.examinations import kinds, wording
from klisza.examinations.services.quarantine import show_again
from klisza.patients import queries as patients


@require_safe
@reader["work"]
def work(request: PortalRequest) -> HttpResponse:
    record("staff.work_viewed", by=request.actor)
    lines = [shown.work_line(item) for item in queries.open_work()]
    return render(request, "console/work.html", {"rows": lines, "with_patients": may_read(request, *DESK)})


@require_http_methods(["GET", "HEAD", "POST"])
@reader["work"]
def item(request: PortalRequest, item_id: uuid.UUID) -> HttpResponse:
    """One of them, to be ended with a note."""
    row = queries.work_item(item_id)
    form = NoteForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        services.finish_work(item_id=item_id, note=form.cleaned_data["note"], by=request.actor)
        messages.success(request, _("Noted as done."))
        return redirect("console:work")
    context = {
        "line": shown.work_line(row),
        "form": form,
        "with_patients": may_read(request, *DESK),
        "moved": [
            (one, wording.heading(kinds.get(one.kind), one.title)) for one in queries.moved(row.patient)
        ],
    }
    return render(request, "console/work_item.html", context, status=400 if form.is_bound else 200)


@require_POST
@staff_required(*MOVED)
def confirm(request: PortalRequest, item_id: uuid.UUID, examination_id: uuid.UUID) -> HttpResponse:
    """An examination that was hidden after a move is this patient's after all."""
    row = queries.work_item(item_id)
    chosen = [one for one in queries.moved(row.patient) if one.pk == examination_id]
    if not chosen:
        raise NotFound
    show_again(examination=chosen[0], by=request.actor)
    messages.success(request, _("The patient sees this examination again."))
    return redirect("console:work_item", row.pk)


@require_safe
@reader["bounces"]
def bounces(request: PortalRequest) -> HttpResponse:
    record("staff.bounces_viewed", by=request.actor)
    rows = [
        (
            bounce.message,
            words.word(words.MESSAGES, bounce.message.kind),
            bounce.patient and patients.survivor(bounce.patient),
        )
        for bounce in queries.bounces()
    ]
    return render(request, "console/bounces.html", {"rows": rows})


@require_POST
@reader["bounces"]
def bounce_done(request: PortalRequest, message_id: uuid.UUID) -> HttpResponse:
    services.finish_bounce(message_id=message_id, by=request.actor)
    messages.success(request, _("Noted as done."))
    return redirect("console:bounces")


@require_POST
@reader["tasks"]
def task_done(request: PortalRequest, task_id: int) -> HttpResponse:
    services.finish_task(task_id=task_id, by=request.actor)
    messages.success(request, _("Noted as done."))
    return redirect("console:tasks")


@require_safe
@reader["guardians"]
def guardians(request: PortalRequest) -> HttpResponse:
    record("staff.guardians_viewed", by=request.actor)
    rows = [
        (row, patients.full_name(row.patient), words.word(words.RELATIONS, row.relation))
        for row in queries.guardians()
    ]
    return render(request, "console/guardians.html", {"rows": rows})


@require_POST
@reader["guardians"]
def guardian_dismissed(request: PortalRequest, proposal_id: uuid.UUID) -> HttpResponse:
    services.dismiss_guardian(proposal_id=proposal_id, by=request.actor)
    messages.success(request, _("The proposal is dismissed."))
    return redirect("console:guardians")
