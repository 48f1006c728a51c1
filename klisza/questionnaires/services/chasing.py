"""What the worker does about open surveys and promised files."""

from __future__ import annotations

from django.db import transaction

from klisza.audit.actor import SYSTEM
from klisza.audit.services import record
from klisza.base import clock
from klisza.examinations.services.notices import is_quiet
from klisza.questionnaires import queries
from klisza.questionnaires.models import Completion, SurveyRequest
from klisza.uploads import services as uploads
from klisza.uploads.models import Delivery

from . import telling

BATCH = 100
State = SurveyRequest.State


def remind() -> int:
    """One mail, never two; not at night."""
    if is_quiet(clock.now()):
        return 0
    waiting = queries.due_for_reminder(BATCH)
    for request in waiting:
        with transaction.atomic():
            rows = SurveyRequest.objects.filter(pk=request.pk, state=State.OPEN, reminded_at=None)
            if rows.update(reminded_at=clock.now()):
                record("survey.reminded", by=SYSTEM, patient_id=request.patient_id, objects=[request])
                telling.tell(request, "reminded")
    return len(waiting)


def settle_files() -> int:
    """Promised files that have not come: staff see it, and the person gets one mail (M6.8)."""
    if is_quiet(clock.now()):
        return 0
    return sum(_settle(completion) for completion in queries.unsettled(BATCH))


@transaction.atomic
def _settle(completion: Completion) -> int:
    request = completion.request
    delivery = queries.delivery_of(request)
    is_whole = delivery is None or delivery.state in (Delivery.State.COMPLETE, Delivery.State.REFUSED)
    if is_whole:
        SurveyRequest.objects.filter(pk=request.pk, state=State.INCOMPLETE).update(state=State.ANSWERED)
    elif request.state == State.ANSWERED and delivery is not None:
        uploads.mark_incomplete(delivery=delivery, by=SYSTEM)
        SurveyRequest.objects.filter(pk=request.pk, state=State.ANSWERED).update(state=State.INCOMPLETE)
        record("survey.incomplete", by=SYSTEM, patient_id=request.patient_id, objects=[request])
        telling.tell(request, "incomplete")
    elif completion.files_settled_at is not None:
        return 0
    Completion.objects.filter(pk=completion.pk).update(files_settled_at=clock.now())
    return 1
