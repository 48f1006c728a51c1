"""What waits for its release, for staff; and the visit it may wait for."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from klisza.base import clock
from klisza.examinations.models import Examination, Images, ReleaseDecision

from .gate import REPORTS_SHOWN
from .visits import next_visit

VISIT_LASTS = timedelta(hours=1)  # where the calendar does not say when it ends


def held_examinations() -> QuerySet[Examination]:
    """Examinations whose images or report are here and may not be seen yet, newest first."""
    now = clock.now()
    images = Q(images=Images.AVAILABLE) & (Q(images_from=None) | Q(images_from__gt=now))
    report = Q(report__in=REPORTS_SHOWN) & (Q(report_from=None) | Q(report_from__gt=now))
    held = Examination.objects.filter(images | report, visible=True)
    return held.select_related("patient").order_by("-performed_at", "-id")


def decisions_of(examination: Examination) -> list[ReleaseDecision]:
    """What clinicians decided, newest first."""
    return list(examination.release_decisions.order_by("-decided_at", "-id"))


def fallen_due(limit: int, *, within: timedelta | None = None) -> list[Examination]:
    """Whose images or report opened since they were last computed: their patients are told now.

    within: only what opened in this time, by the indexes; None looks at all.
    """
    now = clock.now()
    found: dict[object, Examination] = {}
    for moment in ("images_from", "report_from"):
        due = Examination.objects.filter(**{f"{moment}__lte": now, "updated_at__lt": F(moment)})
        if within:
            due = due.filter(**{f"{moment}__gt": now - within})
        found |= {one.pk: one for one in due.order_by(moment)[:limit]}
    return list(found.values())[:limit]


def visit_of(examination: Examination) -> datetime | None:
    """When the visit at which the result is discussed is over.

    What staff entered, then what the hospital's calendar says, then what the patient entered.
    """
    entered = examination.visit_at
    if entered and examination.visit_source == "staff":
        return entered
    booked = next_visit(examination)
    if booked and booked.starts_at:
        return booked.ends_at or booked.starts_at + VISIT_LASTS
    return entered


def visit_is_known(examination: Examination) -> bool:
    """By the hospital; what the patient says counts no more."""
    if examination.visit_done_at or (examination.visit_at and examination.visit_source != "patient"):
        return True
    return next_visit(examination) is not None
