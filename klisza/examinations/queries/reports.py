"""Which versions of a report are in effect, and which of them a viewer may read."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch

from klisza.base.errors import NotFound
from klisza.documents.models import Document
from klisza.examinations.models import (
    Examination,
    Report,
    ReportState,
    ReportVersion,
)
from klisza.patients.viewer import Viewer

from .gate import visible


@dataclass(frozen=True)
class ShownReport:
    """The version of one report that patients read, and how often it was corrected."""

    version: ReportVersion
    document: Document
    corrected: bool


def shown_reports(examination: Examination) -> list[ShownReport]:
    """Reports in effect: the newest final or corrected version of each.

    Never a preliminary or withdrawn one.
    """
    versions = ReportVersion.objects.select_related("document__blob").order_by("number")
    reports = examination.reports.order_by("created_at", "id").prefetch_related(
        Prefetch("versions", queryset=versions)
    )
    effective = (in_effect(report.versions.all()) for report in reports)
    return [
        ShownReport(version, version.document, version.status == "C")
        for version in effective
        if version and version.status != "X"
    ]


def shown_report(examination: Examination, version_id: uuid.UUID) -> ShownReport:
    """Raises NotFound, also for a version that was replaced or withdrawn."""
    for shown in shown_reports(examination):
        if shown.version.pk == version_id:
            return shown
    raise NotFound


def in_effect(versions: Iterable[ReportVersion]) -> ReportVersion | None:
    """What counts of these versions (in the order they came): P never.

    A late, older F neither corrects nor revives.
    """
    current: ReportVersion | None = None
    for version in versions:
        if version.status == "P":
            continue
        late = version.status == "F" and current is not None and version.issued_at < current.issued_at
        if not late:
            current = version
    return current


@dataclass(frozen=True)
class ListedReport:
    """A row of "My documents": a report and the examination it leads to."""

    examination: Examination
    shown: ShownReport


def reports_of(viewer: Viewer) -> list[ListedReport]:
    """Every report this viewer may read, newest first."""
    versions = ReportVersion.objects.select_related("document__blob").order_by("number")
    reports = Report.objects.prefetch_related(Prefetch("versions", queryset=versions)).order_by("id")
    examinations = visible(viewer, purpose="report").filter(
        report__in=[ReportState.AVAILABLE, ReportState.CORRECTED]
    )
    listed = [
        ListedReport(examination, ShownReport(version, version.document, version.status == "C"))
        for examination in examinations.prefetch_related(Prefetch("reports", queryset=reports))
        for version in (in_effect(report.versions.all()) for report in examination.reports.all())
        if version and version.status != "X"
    ]
    return sorted(listed, key=lambda row: row.shown.version.issued_at, reverse=True)
