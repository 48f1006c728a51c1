"""Release of results by the clinic (B27): what is held back, and one examination with its decisions."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, time

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from klisza.accounts.middleware import PortalRequest
from klisza.audit.services import record
from klisza.base import clock
from klisza.console.forms.release import DecisionForm, VisitForm
from klisza.console.presenters import release as shown
from klisza.console.queries import release as queries
from klisza.console.readers import reader
from klisza.examinations import queries as examinations
from klisza.examinations import services
from klisza.examinations.models import Examination
from klisza.patients import queries as patients

END_OF_DAY = time(23, 59)  # a visit is over when its day is
DECIDE: dict[str, Callable[..., Examination]] = {
    "hold": services.hold,
    "release": services.release,
    "rule": services.follow_rules,
}


@require_safe
@reader["release"]
def release(request: PortalRequest) -> HttpResponse:
    record("staff.held_viewed", by=request.actor)
    rows = [shown.card(row) for row in queries.held()]
    return render(request, "console/release.html", {"rows": rows})


@require_safe
@reader["release"]
def examination(request: PortalRequest, examination_id: uuid.UUID) -> HttpResponse:
    return _page(request, queries.examination(examination_id), DecisionForm(), VisitForm())


def _page(
    request: PortalRequest, row: Examination, form: DecisionForm, visit: VisitForm, status: int = 200
) -> HttpResponse:
    person = patients.survivor(row.patient)
    record("patient.viewed", by=request.actor, patient_id=person.pk, objects=[row])
    context = {
        "card": shown.card(row),
        "patient": person,
        "past": [shown.past(one) for one in examinations.decisions_of(row)],
        "visit_at": row.visit_done_at or examinations.visit_of(row),
        "decision_form": form,
        "visit_form": visit,
        "form": form if form.is_bound else visit,
    }
    return render(request, "console/examination.html", context, status=status)


@require_POST
@reader["release"]
def decide(request: PortalRequest, examination_id: uuid.UUID) -> HttpResponse:
    row, form = queries.examination(examination_id), DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form, VisitForm(), status=400)
    subjects = form.cleaned_data["subjects"]
    DECIDE[form.cleaned_data["decision"]](
        examination=row,
        subject="both" if len(subjects) > 1 else subjects[0],
        reason=form.cleaned_data["reason"],
        by=request.actor,
    )
    messages.success(request, _("Decided. It counts at once."))
    return redirect("console:examination", row.pk)


@require_POST
@reader["release"]
def visit_done(request: PortalRequest, examination_id: uuid.UUID) -> HttpResponse:
    row = queries.examination(examination_id)
    services.visit_done(examination=row, by=request.actor)
    messages.success(request, _("Noted: the visit has taken place."))
    return redirect("console:examination", row.pk)


@require_POST
@reader["release"]
def visit(request: PortalRequest, examination_id: uuid.UUID) -> HttpResponse:
    row, form = queries.examination(examination_id), VisitForm(request.POST)
    if not form.is_valid():
        return _page(request, row, DecisionForm(), form, status=400)
    at = datetime.combine(form.cleaned_data["day"], END_OF_DAY, clock.local_zone())
    services.set_visit(examination=row, at=at, by=request.actor)
    messages.success(request, _("The day of the visit is entered."))
    return redirect("console:examination", row.pk)
