"""One place computes what an examination is.

Its two facts (images, report), its kind, its date, from when they may be seen, and the gate.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction

from klisza.accounts.services import revoke
from klisza.archive.models import Instance, Series, Study
from klisza.base import clock
from klisza.examinations import kinds, queries
from klisza.examinations.models import Examination, Images, ReportState, ReportVersion

from . import notices, releasing
from .describing import describe


@dataclass(frozen=True)
class _Received:
    """What lies in the archive for one examination, and may be shown."""

    studies: list[Study]
    series: list[Series]
    images: int


@transaction.atomic
def refresh(examination: Examination, *, quiet: bool = False) -> Examination:
    """Recompute everything derived from orders, studies, reports and rules, whatever came first (L7).

    Returns it anew; writes notice intents for facts that became visible. Call it after every change of
    what it reads. quiet: the change came by a back-fill or replay, nobody is told of it.
    """
    shared = releasing.shared_with(examination)
    # In one order, so that two of them that open together never wait for each other.
    rows = Examination.objects.select_for_update().filter(pk__in={examination.pk, *shared}).order_by("pk")
    by_id = {row.pk: row for row in rows}
    mine = _refresh(by_id.pop(examination.pk), quiet=quiet)
    for other in by_id.values():
        _refresh(other, quiet=quiet)
    return mine


def _refresh(examination: Examination, *, quiet: bool) -> Examination:
    were_open = examination.visible and queries.images_open(examination)
    received, effects = _received(examination), queries.effects(examination)
    current = [effect.current or next(iter(effect.addenda), None) for _, effect in effects]
    examination.images = _images(examination, received)
    examination.images_received = received.images
    examination.report = _report_state(current)
    describe(examination, received.studies, received.series, current)
    decided = releasing.decide(examination, received.studies)
    examination.images_from, examination.images_why = decided.images.at, decided.images.why
    examination.report_from, examination.report_why = decided.report.at, decided.report.why
    examination.visible = not queries.why_not_listed(examination)
    examination.updated_at = clock.now()
    examination.save()
    if were_open and not (examination.visible and queries.images_open(examination)):
        _end_tickets(examination)
    notices.note_facts(examination, effects, quiet=quiet)
    return examination


def _end_tickets(examination: Examination) -> None:
    """Of every linked study, the hidden ones included."""
    study_ids: list[uuid.UUID] = list(examination.study_links.values_list("study_id", flat=True))
    for study_id in study_ids:
        revoke(subject=str(study_id))


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


def _report_state(current: list[ReportVersion | None]) -> ReportState:
    """Of the version in effect of each report; None stands for one with preliminary versions only."""
    statuses = {version.status if version else "P" for version in current}
    for status, state in (
        ("C", ReportState.CORRECTED),
        ("F", ReportState.AVAILABLE),
        ("A", ReportState.AVAILABLE),
        ("P", ReportState.PENDING),
        ("X", ReportState.WITHDRAWN),
    ):
        if status in statuses:
            return state
    return ReportState.NONE
