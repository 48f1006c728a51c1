"""Whose survey an address means, and what every page of one needs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language

from klisza.accounts.decorators import patient_required
from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import NotFound
from klisza.patients import acting
from klisza.patients import queries as patients
from klisza.patients.viewer import Viewer
from klisza.questionnaires import queries
from klisza.questionnaires.errors import SurveyClosed
from klisza.questionnaires.models import SurveyRequest

View = Callable[..., HttpResponseBase]


def of_person(view: View) -> View:
    """Hands over the viewer and the survey. Another person's does not exist; whoever may act for that person is told
    so, and one that is over leads to its own page.
    """

    @wraps(view)
    def guarded(request: PortalRequest, request_id: uuid.UUID, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            viewer = acting.viewer_of(request)
            survey = queries.request_of(viewer, request_id)
        except NotFound:
            if _is_of_somebody_else(request, request_id):
                return render(request, "questionnaires/somebody_else.html", status=403)
            raise
        try:
            return view(request, viewer, survey, *args, **kwargs)
        except SurveyClosed as closed:
            messages.info(request, closed.sentence)
            return redirect("questionnaires:one", survey.pk)

    return patient_required(guarded)


def _is_of_somebody_else(request: PortalRequest, request_id: uuid.UUID) -> bool:
    """Of the account itself while it acts for somebody, or of somebody it may act for."""
    account = request.account
    if account is None:
        return False
    viewers: list[Viewer] = [
        patients.carer_viewer(account, grant, request.actor) for grant in acting.grants_of(request)
    ]
    if acting.own_patient(request) is not None:
        viewers.append(patients.viewer_for(account, request.actor))
    return queries.of_others(viewers, request_id)


def open_only(view: View) -> View:
    """Below of_person: what is not open any more is shown on its own page only."""

    @wraps(view)
    def guarded(
        request: PortalRequest, viewer: Viewer, survey: SurveyRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if not queries.is_answerable(survey):
            return redirect("questionnaires:one", survey.pk)
        return view(request, viewer, survey, *args, **kwargs)

    return guarded


def language() -> str:
    return get_language() or ""


def rendered(
    request: PortalRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    return render(request, f"questionnaires/{template}.html", context, status=status)
