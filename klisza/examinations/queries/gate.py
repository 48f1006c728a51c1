"""`visible` is THE gate: nothing patient-visible is reached past it."""

from __future__ import annotations

import uuid
from datetime import datetime, time

from django.conf import settings
from django.db.models import QuerySet

from klisza.base import clock
from klisza.base.errors import NotAllowed, NotFound
from klisza.examinations.models import (
    Examination,
)
from klisza.patients.viewer import Viewer

PURPOSES = frozenset({"list", "detail", "images", "report", "export", "notice"})


def visible(viewer: Viewer, *, purpose: str) -> QuerySet[Examination]:
    """Examinations this viewer may see now.

    purpose: list | detail | images | report | export | notice.
    Raises NotAllowed for staff without a reason.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"unknown purpose {purpose}")
    if viewer.kind == "staff" and not viewer.reason.strip():
        raise NotAllowed
    return open_now().filter(patient_id__in=viewer.patient_ids)


def open_now() -> QuerySet[Examination]:
    """Visible to their patient at this moment.

    Released, of a shown kind, not older than the cut-off (R64).
    """
    gate = Examination.objects.filter(visible=True, shown_kind=True, hidden_reason="")
    if settings.SHOW_FROM:
        gate = gate.filter(
            performed_at__gte=datetime.combine(settings.SHOW_FROM, time.min, clock.local_zone())
        )
    return gate


def get_visible(viewer: Viewer, examination_id: uuid.UUID, *, purpose: str) -> Examination:
    """Raises NotFound: the same for another person's examination and for none (R10, R11)."""
    found = visible(viewer, purpose=purpose).filter(pk=examination_id).first()
    if found is None:
        raise NotFound
    return found


def study_ids(examination: Examination) -> list[uuid.UUID]:
    """Studies in the order of their dates."""
    links = examination.study_links.order_by("study__study_date", "study__study_time", "study_id")
    return list(links.values_list("study_id", flat=True))
