"""Shown to the wrong person: what, since when, and who had looked (for the data protection officer)."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from klisza.accounts.middleware import PortalRequest
from klisza.audit.services import record
from klisza.console import services
from klisza.console.forms.work import NoteForm
from klisza.console.presenters import breaches as shown
from klisza.console.queries import work as queries
from klisza.console.readers import reader


@require_safe
@reader["breaches"]
def breaches(request: PortalRequest) -> HttpResponse:
    record("staff.breaches_viewed", by=request.actor)
    context = {
        "rows": [shown.card(row) for row in queries.breaches()],
        "closed": [shown.card(row) for row in queries.breaches(closed=True)],
    }
    return render(request, "console/breaches.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@reader["breaches"]
def breach(request: PortalRequest, breach_id: uuid.UUID) -> HttpResponse:
    row = queries.breach(breach_id)
    form = NoteForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        services.close_breach(breach_id=breach_id, note=form.cleaned_data["note"], by=request.actor)
        messages.success(request, _("Noted as done."))
        return redirect("console:breaches")
    record("breach.viewed", by=request.actor, patient_id=row.patient_id, objects=[row])
    context = {"card": shown.card(row), "form": form}
    return render(request, "console/breach.html", context, status=400 if form.is_bound else 200)
