"""Which pictures and reports of which examinations go into the offline viewer; the database only."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from klisza.archive import queries as archive
from klisza.archive.models import Series
from klisza.archive.queries import SeriesCard
from klisza.examinations import panes
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination

from . import cache
from .cache import Pictures


@dataclass(frozen=True)
class Part:
    """One examination of an export. instance_ids: the objects that go along; None = all that are not hidden."""

    examination: Examination
    instance_ids: frozenset[uuid.UUID] | None = None
    with_images: bool = True
    with_reports: bool = True


@dataclass(frozen=True)
class PlannedSeries:
    card: SeriesCard
    series: Series
    pictures: Pictures


@dataclass(frozen=True)
class PlannedPart:
    examination: Examination
    series: list[PlannedSeries]
    reports: list[panes.ReportPane]


Plan = list[PlannedPart]


def plan(parts: list[Part]) -> Plan:
    return [
        PlannedPart(
            part.examination,
            _series(part) if part.with_images else [],
            [panes.pane(shown) for shown in examinations.shown_reports(part.examination)]
            if part.with_reports
            else [],
        )
        for part in parts
    ]


def frames(wanted: Plan) -> int:
    return sum(one.pictures.frames for part in wanted for one in part.series)


def _series(part: Part) -> list[PlannedSeries]:
    with_reports = examinations.report_objects_open(part.examination)
    cards = archive.series_of(examinations.study_ids(part.examination), with_reports=with_reports)
    rows = Series.objects.select_related("metadata").in_bulk([card.id for card in cards if card.showable])
    found = [
        PlannedSeries(card, rows[card.id], cache.pictures(rows[card.id], part.instance_ids))
        for card in cards
        if card.id in rows
    ]
    return [one for one in found if one.pictures.rows]
