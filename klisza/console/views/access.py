"""Who has seen this patient's data? The data protection officer's question (N15, B33)."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from klisza.accounts.middleware import PortalRequest
from klisza.audit.services import record
from klisza.console.forms.find import FindForm
from klisza.console.presenters import access as shown
from klisza.console.presenters import desk
from klisza.console.queries import access as queries
from klisza.console.readers import reader
from klisza.patients import presenters as own_log
from klisza.patients import queries as patients

from .home import find_recorded


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@reader["access"]
def access(request: PortalRequest) -> HttpResponse:
    """The search is the desk's; what is found leads to the log and nowhere else."""
    form = FindForm(request.POST if request.method == "POST" else None)
    context: dict[str, object] = {
        "form": form,
        "find_address": "console:access",
        "found_address": "console:access_log",
    }
    if form.is_bound and form.is_valid():
        context["found"] = [desk.found(person) for person in find_recorded(request, form)]
    return render(request, "console/access.html", context)


@require_safe
@reader["access"]
def access_log(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """What the patient reads in the own log, and by name who of the staff it was. `before`: an event's number."""
    person = patients.survivor(patients.get(patient_id))
    record("patient.viewed", by=request.actor, patient_id=person.pk)
    before = request.GET.get("before", "")
    events = queries.events_of(
        person, actions=set(own_log.DATA_ACTIONS), before=int(before) if before.isdecimal() else None
    )
    staff, carers = queries.staff_names(events), patients.carer_names(patients.aliases(person))
    context = {
        "patient": person,
        "name": patients.full_name(person),
        "rows": [
            shown.access(event, actions=own_log.DATA_ACTIONS, staff=staff, carers=carers) for event in events
        ],
        "before": events[-1].pk if len(events) == queries.ROWS_A_PAGE else None,
    }
    return render(request, "console/access_log.html", context)
