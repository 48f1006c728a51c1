"""Requests: asked, withdrawn, expired."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from klisza.audit.actor import SYSTEM, Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import NotFound, Refused
from klisza.base.plain import one_line
from klisza.examinations.models import Order
from klisza.patients.models import Patient
from klisza.patients.viewer import Viewer
from klisza.questionnaires import queries
from klisza.questionnaires.models import Questionnaire, QuestionnaireVersion, SurveyRequest

from . import preparing, telling

State = SurveyRequest.State
BATCH = 100
MOST_MESSAGE = 1000


@transaction.atomic
def ask(
    *,
    patients: Iterable[Patient],
    version: QuestionnaireVersion,
    order: Order | None = None,
    message: str = "",
    due_at: datetime | None = None,
    by: Actor,
) -> list[SurveyRequest]:
    """One request per person, and a mail with a link to everybody who can sign in (S43).

    Raises Refused when the questionnaire is not in use, or the deadline is over.
    """
    if version.questionnaire.state != Questionnaire.State.ACTIVE:
        raise Refused(_("This questionnaire is not in use."))
    if due_at is not None and due_at <= clock.now():
        raise Refused(_("The deadline has to lie in the future."))
    made = []
    for person in patients:
        request = SurveyRequest.objects.create(
            patient=person, version=version, order=order, message=message.strip()[:MOST_MESSAGE],
            asked_at=clock.now(), asked_by_id=account_id(by), due_at=due_at,
        )  # fmt: skip
        record("survey.asked", by=by, patient_id=person.pk, objects=[request])
        telling.tell(request, "asked")
        made.append(request)
    return made


def account_id(by: Actor) -> uuid.UUID | None:
    return uuid.UUID(by.id) if by.kind in ("staff", "account") and by.id else None


def start_standing(*, viewer: Viewer, questionnaire: Questionnaire) -> SurveyRequest:
    """The person begins one that nobody asked for (N20); one that is open already is given back.

    Raises NotFound when it is none of those that may be started.
    """
    questionnaire = queries.standing_one(viewer, questionnaire.pk)
    version = questionnaire.current
    if viewer.patient_id is None or version is None:
        raise NotFound
    with transaction.atomic():
        person = Patient.objects.select_for_update().get(pk=viewer.patient_id)  # two clicks make one
        open_already = queries.mine(viewer).filter(queries.answerable(), version__questionnaire=questionnaire)
        found = open_already.filter(is_own=True).first()
        if found is not None:
            return found
        request = SurveyRequest.objects.create(
            patient=person, version=version, asked_at=clock.now(), is_own=True
        )
        record("survey.started", by=viewer.actor, patient_id=person.pk, objects=[request])
    return request


@transaction.atomic
def withdraw(*, request: SurveyRequest, reason: str, by: Actor) -> None:
    """Only while it is open. reason: shown to the person. Raises Refused."""
    rows = SurveyRequest.objects.filter(pk=request.pk, state=State.OPEN)
    done = rows.update(
        state=State.WITHDRAWN, withdrawn_at=clock.now(), withdrawn_reason=one_line(reason, most=300)
    )
    if not done:
        raise Refused(_("This survey is not open any more."))
    preparing.forget(request)
    record("survey.withdrawn", by=by, patient_id=request.patient_id, objects=[request])
    request.refresh_from_db()
    if request.begun_at:
        telling.tell(request, "withdrawn")


def expire_over() -> int:
    """The worker notes what is over; nothing could be answered since that very second."""
    over = queries.due_for_expiry(BATCH)
    for request in over:
        with transaction.atomic():
            if SurveyRequest.objects.filter(pk=request.pk, state=State.OPEN).update(state=State.EXPIRED):
                preparing.forget(request)
                record("survey.expired", by=SYSTEM, patient_id=request.patient_id, objects=[request])
    return len(over)
