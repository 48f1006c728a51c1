"""One place computes what an examination is.

Its two facts (images, report), its kind, its date, and the gate.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from klisza.accounts.services import revoke
from klisza.archive.models import Instance, Series, Study
from klisza.base import clock
from klisza.examinations import kinds, queries
from klisza.examinations.models import Examination, Images, ReportState, ReportVersion

from . import notices
from .describing import describe

SHOWN_IMAGES = (Images.RECEIVING, Images.AVAILABLE)
SHOWN_REPORTS = (ReportState.PENDING, ReportState.AVAILABLE, ReportState.CORRECTED)


@dataclass(frozen=True)
class _Received:
    """What lies in the archive for one examination."""

    studies: list[Study]
    series: list[Series]
    images: int


@transaction.atomic
def refresh(examination: Examination) -> Examination:
    """Recompute everything derived from studies and reports, whatever the order in which they came (L7).

    Returns it anew; writes notice intents for facts that became visible. Call it after every change of
    what it reads.
    """
    examination = Examination.objects.select_for_update().get(pk=examination.pk)
    was_open = examination.visible
    received, current = _received(examination), _reports(examination)
    examination.images = _images(examination, received)
    examination.images_received = received.images
    examination.report = _report_state(current)
    describe(examination, received.studies, received.series, current)
    examination.visible = _is_open(examination)
    examination.updated_at = clock.now()
    examination.save()
    if was_open and not examination.visible:
        for study in received.studies:
            revoke(subject=str(study.pk))
    notices.note_facts(examination, current)
    return examination


def _received(examination: Examination) -> _Received:
    studies = list(Study.objects.filter(pk__in=queries.study_ids(examination)))
    series = list(Series.objects.filter(study__in=studies))
    pictured = [row.pk for row in series if kinds.is_image(row.modality)]
    drawn = Instance.objects.filter(series__in=pictured, hidden_reason="", number_of_frames__gt=0)
    return _Received(studies, series, drawn.count() if pictured else 0)


def _images(examination: Examination, received: _Received) -> Images:
    """Once available they stay so while more arrive: the patient may look at what is there."""
    shown_before = examination.images in (Images.AVAILABLE, Images.WITHDRAWN)
    if received.images == 0:
        return Images.WITHDRAWN if shown_before else Images.NONE
    settled = any(study.state == Study.State.SETTLED for study in received.studies)
    return Images.AVAILABLE if settled or examination.images == Images.AVAILABLE else Images.RECEIVING


def _reports(examination: Examination) -> list[ReportVersion | None]:
    """For each report the version in effect, None while there are only preliminary ones."""
    reports = examination.reports.order_by("created_at", "id").prefetch_related("versions__document")
    return [
        queries.in_effect(sorted(report.versions.all(), key=lambda version: version.number))
        for report in reports
    ]


def _report_state(current: list[ReportVersion | None]) -> ReportState:
    statuses = {version.status if version else "P" for version in current}
    for status, state in (
        ("C", ReportState.CORRECTED),
        ("F", ReportState.AVAILABLE),
        ("P", ReportState.PENDING),
        ("X", ReportState.WITHDRAWN),
    ):
        if status in statuses:
            return state
    return ReportState.NONE


def _is_open(examination: Examination) -> bool:
    """Everything of the gate but time and viewer.

    A withdrawn fact alone leaves nothing to stand in a list.
    """
    has_something = examination.images in SHOWN_IMAGES or examination.report in SHOWN_REPORTS
    return has_something and examination.shown_kind and not examination.hidden_reason
