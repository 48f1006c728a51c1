"""The list under the tab, and what a survey that is over looks like."""

from __future__ import annotations

import uuid

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from klisza.accounts.decorators import patient_required
from klisza.accounts.middleware import PortalRequest
from klisza.audit.services import record
from klisza.blobs import services as blobs
from klisza.patients import acting
from klisza.patients.queries import survivor
from klisza.patients.viewer import Viewer
from klisza.questionnaires import queries, services
from klisza.questionnaires.models import SurveyRequest
from klisza.questionnaires.presenters import rows
from klisza.uploads import presenters as uploads
from klisza.uploads.services import delivery_for

from .common import of_person

MOST = 200


@require_safe
@patient_required
def overview(request: PortalRequest) -> HttpResponse:
    try:
        viewer = acting.viewer_of(request)
    except acting.NobodyChosen:
        return redirect("patients:choose")
    found = [rows.row(one) for one in queries.mine(viewer)[:MOST]]
    context = {
        "now": [row for row in found if row.is_open],
        "past": [row for row in found if not row.is_open],
        "standing": queries.standing(viewer),
    }
    return render(request, "questionnaires/list.html", context)


@require_POST
@patient_required
def start(request: PortalRequest, questionnaire_id: uuid.UUID) -> HttpResponse:
    viewer = acting.viewer_of(request)
    questionnaire = queries.standing_one(viewer, questionnaire_id)
    made = services.start_standing(viewer=viewer, questionnaire=questionnaire)
    return redirect("questionnaires:one", made.pk)


@require_safe
@of_person
def one(request: PortalRequest, viewer: Viewer, survey: SurveyRequest) -> HttpResponse:
    """Straight to where the answers go on (M5.2); one that is over tells how it ended."""
    if queries.is_answerable(survey):
        return redirect("questionnaires:page", survey.pk, survey.page + 1)
    delivery = queries.delivery_of(survey)
    if delivery is not None and request.account is not None:
        # Whoever looks at it now is who may send the rest.
        delivery = delivery_for(patient=survivor(survey.patient), account=request.account, subject=survey.pk)
    context = {"row": rows.row(survey), "survey": survey}
    if delivery is not None and delivery.ending == "upload":
        context["panel"] = uploads.panel(delivery)
    return render(request, "questionnaires/one.html", context)


@require_safe
@of_person
def pdf(request: PortalRequest, viewer: Viewer, survey: SurveyRequest) -> HttpResponseBase:
    """What was handed over, as the hospital has it."""
    completion = queries.completion_of(survey)
    record("survey.downloaded", by=viewer.actor, patient_id=survey.patient_id, objects=[survey])
    answer = HttpResponse(blobs.read(completion.pdf.key), content_type="application/pdf")
    answer["Content-Disposition"] = 'attachment; filename="ankieta.pdf"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
