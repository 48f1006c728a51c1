"""How the person wants to be told of results, and the day of a visit the hospital does not know of (N10)."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from klisza.accounts import masking
from klisza.accounts.decorators import patient_required
from klisza.base.errors import NotFound, Refused
from klisza.examinations import forms, queries, services
from klisza.patients import queries as patients

from .viewer import viewer_of


@require_http_methods(["GET", "HEAD", "POST"])
@patient_required
def preferences(request: HttpRequest) -> HttpResponse:
    account = request.account  # type: ignore[attr-defined]
    patient = patients.patient_of(account)
    if patient is None:
        raise NotFound
    now = {
        "notice_channel": patients.notice_channel(patient),
        "tell_after_visit": patients.waits_for_visit(patient),
    }
    form = forms.Preferences(
        request.POST if request.method == "POST" else None,
        initial=now,
        email=masking.masked_email(account),
        mobile=masking.masked_mobile(account),
    )
    if form.is_valid():
        services.set_preferences(patient=patient, by=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
        messages.success(request, _("Saved."))
        return redirect("results:preferences")
    return render(
        request, "examinations/preferences.html", {"form": form}, status=400 if form.is_bound else 200
    )


@require_POST
@patient_required
def visit(request: HttpRequest, examination_id: uuid.UUID) -> HttpResponse:
    """The day of the visit, from the examination's page."""
    viewer = viewer_of(request)
    if viewer.kind == "carer" and not viewer.is_guardian:
        raise NotFound  # it moves the day of release: the person's own business
    examination = queries.get_visible(viewer, examination_id, purpose="detail")
    form = forms.Visit(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please enter the day of your visit, for example 30.11.2026."))
        return redirect("examinations:detail", examination_id)
    try:
        services.enter_visit(
            viewer=viewer, examination=examination, day=form.cleaned_data["day"], by=viewer.actor
        )
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, _("Saved. The result will be here after that day."))
    return redirect("examinations:detail", examination_id)
