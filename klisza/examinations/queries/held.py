"""What waits for its release, for staff; and the visit it may wait for."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from klisza.base import clock
from klisza.examinations.models import Examination, Images, ReleaseDecision

from .gate import REPORTS_SHOWN


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
    return examination.visit_at


def visit_is_known(examination: Examination) -> bool:
    """By the hospital; what the patient says counts no more."""
    return bool(examination.visit_done_at) or (
        visit_of(examination) is not None and examination.visit_source != "patient"
    )
