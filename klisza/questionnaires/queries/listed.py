"""Whose requests there are, and which of them wait for the worker."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet

from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.patients.viewer import Viewer
from klisza.questionnaires.models import Completion, PreparedPdf, Questionnaire, SurveyRequest
from klisza.uploads.models import Delivery

State = SurveyRequest.State
DAY = timedelta(days=1)


def mine(viewer: Viewer) -> QuerySet[SurveyRequest]:
    """Of the person; a carer answers only with a grant for everything. Newest first."""
    rows = SurveyRequest.objects.filter(patient_id__in=viewer.patient_ids)
    if viewer.kind not in ("patient", "carer") or (viewer.kind == "carer" and viewer.scope != "all"):
        rows = rows.none()
    rows = rows.filter(patient__restricted_reason="")
    rows = rows.filter(Q(patient__survivor=None) | Q(patient__survivor__restricted_reason=""))
    return rows.select_related("version__questionnaire", "patient", "completion").order_by("-asked_at", "-pk")


def request_of(viewer: Viewer, request_id: uuid.UUID) -> SurveyRequest:
    """Raises NotFound, also for another person's."""
    found = mine(viewer).filter(pk=request_id).first()
    if found is None:
        raise NotFound
    return found


def of_others(viewers: list[Viewer], request_id: uuid.UUID) -> bool:
    """It belongs to somebody else for whom this account may act."""
    return any(mine(one).filter(pk=request_id).exists() for one in viewers)


def answerable() -> Q:
    """Open, and not over by the clock, whether or not a job has noted that."""
    return Q(state=State.OPEN) & (Q(due_at=None) | Q(due_at__gt=clock.now()))


def open_count(viewer: Viewer) -> int:
    return mine(viewer).filter(answerable()).count()


def is_answerable(request: SurveyRequest) -> bool:
    return request.state == State.OPEN and (request.due_at is None or request.due_at > clock.now())


def standing(viewer: Viewer) -> list[Questionnaire]:
    """What the person may start without being asked (N20)."""
    if viewer.kind == "carer" and viewer.scope != "all":
        return []
    rows = Questionnaire.objects.filter(is_standing=True, state=Questionnaire.State.ACTIVE)
    return list(rows.exclude(current=None).order_by("title"))


def standing_one(viewer: Viewer, questionnaire_id: uuid.UUID) -> Questionnaire:
    """Raises NotFound for what may not be started."""
    for one in standing(viewer):
        if one.pk == questionnaire_id:
            return one
    raise NotFound


def completion_of(request: SurveyRequest) -> Completion:
    """Raises NotFound while it has not been handed over."""
    found = Completion.objects.filter(request=request).select_related("pdf").first()
    if found is None:
        raise NotFound
    return found


def delivery_of(request: SurveyRequest) -> Delivery | None:
    """The files handed in with it; None when the files page was never opened."""
    return Delivery.objects.filter(purpose="survey", subject=request.pk).first()


def due_for_expiry(limit: int) -> list[SurveyRequest]:
    rows = SurveyRequest.objects.filter(state=State.OPEN, due_at__lte=clock.now())
    return list(rows.select_related("patient").order_by("due_at")[:limit])


def due_for_reminder(limit: int) -> list[SurveyRequest]:
    """Once each: some days before the deadline, or some days after asking when there is none."""
    now: datetime = clock.now()
    near = Q(due_at__lte=now + settings.SURVEY_REMIND_BEFORE, due_at__gt=now)
    long_ago = Q(due_at=None, asked_at__lte=now - settings.SURVEY_REMIND_AFTER)
    rows = SurveyRequest.objects.filter(near | long_ago, state=State.OPEN, reminded_at=None, is_own=False)
    # What was asked yesterday with a deadline tomorrow is still in everybody's mind.
    rows = rows.filter(asked_at__lte=now - DAY)
    return list(rows.select_related("patient").order_by("asked_at")[:limit])


def unprepared(limit: int) -> list[PreparedPdf]:
    rows = PreparedPdf.objects.filter(pdf=None)
    return list(
        rows.select_related("request__patient", "request__version__questionnaire").order_by("pk")[:limit]
    )


def unsettled(limit: int) -> list[Completion]:
    """Files were promised long enough ago, or are still missing since (M6.8)."""
    before = clock.now() - settings.SURVEY_FILES_WAIT
    rows = Completion.objects.filter(ending=Completion.Ending.UPLOADED, completed_at__lte=before)
    rows = rows.filter(Q(files_settled_at=None) | Q(request__state=State.INCOMPLETE))
    rows = rows.select_related("request__patient").order_by(F("files_settled_at").asc(nulls_first=True), "pk")
    return list(rows[:limit])
