"""`visible` is THE gate: nothing patient-visible is reached past it."""

from __future__ import annotations

import uuid
from datetime import datetime, time

from django.conf import settings
from django.db.models import Q, QuerySet, Value

from klisza.base import clock
from klisza.base.errors import NotAllowed, NotFound
from klisza.examinations.models import (
    Examination,
    GrantedExamination,
    Images,
    ReportState,
    State,
)
from klisza.patients.models import Grant
from klisza.patients.viewer import Viewer

PURPOSES = frozenset({"list", "detail", "images", "report", "export", "notice"})
IMAGES_SHOWN = (Images.RECEIVING, Images.AVAILABLE)
REPORTS_SHOWN = (ReportState.AVAILABLE, ReportState.CORRECTED)


def visible(viewer: Viewer, *, purpose: str) -> QuerySet[Examination]:
    """Examinations this viewer may see now, for this purpose.

    purpose: list | detail | notice: that it exists, and where things stand; images | export: its images
    are released; report: its report is. Raises NotAllowed for staff without a reason.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"unknown purpose {purpose}")
    if viewer.kind == "staff" and not viewer.reason.strip():
        raise NotAllowed
    mine = open_now().filter(patient_id__in=viewer.patient_ids)
    if viewer.kind == "carer":
        mine = _within_grant(mine, viewer, purpose)
    if purpose in ("images", "export"):
        return mine.filter(images_from__lte=clock.now())
    return mine.filter(report_from__lte=clock.now()) if purpose == "report" else mine


def _within_grant(mine: QuerySet[Examination], viewer: Viewer, purpose: str) -> QuerySet[Examination]:
    """What a carer may see of it. A scope that is not known here shows nothing.

    Rows for a carer who reads no reports say so themselves: `report_open` is closed for them on every page.
    """
    if viewer.scope == "all":
        return mine
    if viewer.scope == "chosen" and viewer.grant_id is not None:
        return mine.filter(granted__grant_id=viewer.grant_id)
    if viewer.scope == "no_reports" and purpose != "report":
        return mine.annotate(without_reports=Value(True))
    return mine.none()


def open_now() -> QuerySet[Examination]:
    """Stands in its patient's list at this moment.

    Of a shown kind, not older than the cut-off (R64), of a person whose record is not restricted.
    """
    gate = Examination.objects.filter(
        visible=True,
        shown_kind=True,
        hidden_reason="",
        patient__restricted_reason="",
    )
    for merged_into in ("patient__survivor", "patient__survivor__survivor"):
        open_record = {f"{merged_into}__restricted_reason": ""}
        gate = gate.filter(Q(**{merged_into: None}) | Q(**open_record))
    if not settings.SHOW_PLANNED:
        gate = gate.exclude(state=State.PLANNED, images=Images.NONE, report=ReportState.NONE)
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


def images_open(examination: Examination) -> bool:
    """Released at this moment; whether there are any is another question."""
    return examination.images_from is not None and examination.images_from <= clock.now()


def is_without_reports(examination: Examination) -> bool:
    """This very row was read for a carer who reads no reports."""
    return bool(getattr(examination, "without_reports", False))


def report_open(examination: Examination) -> bool:
    """Never for a carer who reads no reports; see `_within_grant`."""
    if is_without_reports(examination):
        return False
    return examination.report_from is not None and examination.report_from <= clock.now()


def chosen_count(grant: Grant) -> int:
    """Of how many examinations a grant for chosen ones is."""
    return GrantedExamination.objects.filter(grant=grant).count()


def study_ids(examination: Examination) -> list[uuid.UUID]:
    """Studies that may be shown, in the order of their dates."""
    links = examination.study_links.filter(study__hidden_reason="")
    ordered = links.order_by("study__study_date", "study__study_time", "study_id")
    return list(ordered.values_list("study_id", flat=True))
