"""Reports of an examination as a viewer may read them: versions in effect, each text once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import Prefetch, QuerySet

from klisza.base.errors import NotFound
from klisza.documents.models import Document
from klisza.examinations.models import Examination, Report, ReportState, ReportVersion
from klisza.patients.viewer import Viewer

from .copies import without_copies
from .gate import report_open, visible
from .versions import Effect, effect_of


@dataclass(frozen=True)
class ShownVersion:
    """One version with its documents in the sender's order; none for a report that is text only."""

    version: ReportVersion
    documents: tuple[Document, ...]


@dataclass(frozen=True)
class ShownReport:
    """The version of one report that patients read, what stands beside it, and what it was before."""

    version: ReportVersion
    documents: tuple[Document, ...]
    addenda: tuple[ShownVersion, ...] = ()
    history: tuple[ShownVersion, ...] = ()

    @property
    def document(self) -> Document | None:
        """The first one."""
        return next(iter(self.documents), None)

    @property
    def corrected(self) -> bool:
        return self.version.status == "C"

    @property
    def counting(self) -> tuple[ShownVersion, ...]:
        """The version in effect and its supplements."""
        return (ShownVersion(self.version, self.documents), *self.addenda)


def effects(examination: Examination) -> list[tuple[Report, Effect]]:
    """What counts of each report of this examination, without copies of one text, and without supplements to
    a report that was taken back. For staff and services too.
    """
    return _counting(_reports(examination))


def shown_reports(examination: Examination) -> list[ShownReport]:
    """Reports in effect, with text or documents; never a preliminary or withdrawn one, none before its release."""
    if not report_open(examination):
        return []
    return [shown for _, shown in _together(effects(examination))]


def report_objects_open(examination: Examination) -> bool:
    """Whether DICOM objects that are reports (SR, encapsulated PDF) may go along with the images (R63).

    Nobody can tell of which report they are a copy: one that is preliminary or taken back closes all of them.
    """
    return report_open(examination) and all(
        version is not None and version.status != "X" for version in versions_in_effect(examination)
    )


def versions_in_effect(examination: Examination) -> list[ReportVersion | None]:
    """Of each report the version in effect (X among them) and its addenda; None where there is only P."""
    found: list[ReportVersion | None] = []
    for _, effect in effects(examination):
        found += [effect.current] if effect.current or not effect.addenda else []
        found += effect.addenda
    return found


def shown_report(examination: Examination, version_id: uuid.UUID) -> ShownVersion:
    """A version in effect, an addendum, or one that was replaced. Raises NotFound, also for a withdrawn one."""
    for shown in shown_reports(examination):
        for one in (*shown.counting, *shown.history):
            if one.version.pk == version_id:
                return one
    raise NotFound


def version_document(shown: ShownVersion, number: int) -> Document:
    """The documents of a version count from 1. Raises NotFound."""
    if not 1 <= number <= len(shown.documents):
        raise NotFound
    return shown.documents[number - 1]


@dataclass(frozen=True)
class ListedReport:
    """A row of "My documents": a report and the examination it leads to."""

    examination: Examination
    shown: ShownReport


def reports_of(viewer: Viewer) -> list[ListedReport]:
    """Every report this viewer may read, newest first; one of several examinations stands there once."""
    open_ones = visible(viewer, purpose="report").filter(
        report__in=[ReportState.AVAILABLE, ReportState.CORRECTED]
    )
    examinations = list(open_ones.order_by("-performed_at", "id").prefetch_related(_with_versions()))
    listed: dict[uuid.UUID, ListedReport] = {}
    for examination in examinations:
        for report, shown in _together(_counting(examination.reports.all())):
            listed.setdefault(report.pk, ListedReport(examination, shown))
    return sorted(listed.values(), key=lambda row: row.shown.version.issued_at, reverse=True)


def _counting(reports: Iterable[Report]) -> list[tuple[Report, Effect]]:
    rows = list(reports)
    found = without_copies([(report, _effect(report, rows)) for report in rows])
    gone = {report.key for report, effect in found if effect.current and effect.current.status == "X"}
    return [
        (report, effect) for report, effect in found if not (report.parent_key in gone and report.parent_key)
    ]


def _effect(report: Report, all_reports: Iterable[Report]) -> Effect:
    """Whoever takes back a number without saying which of its reports (OBX-4) means each that there was."""
    versions = list(report.versions.all())
    if not report.parent_key:
        whole = [one for one in all_reports if report.key.startswith(f"{one.key}/")]
        versions += [version for one in whole for version in one.versions.all() if version.status == "X"]
    return effect_of(versions)


def _together(found: Iterable[tuple[Report, Effect]]) -> list[tuple[Report, ShownReport]]:
    """Supplements that have a name of their own stand beside what they add to, where that is shown."""
    shown = {report.key: (report, _shown(effect)) for report, effect in found if effect.readable}
    for key, (report, own) in list(shown.items()):
        parent = shown.get(report.parent_key) if report.parent_key != key else None
        if parent:
            beside = (*parent[1].addenda, ShownVersion(own.version, own.documents), *own.addenda)
            earlier = (*parent[1].history, *own.history)
            shown[report.parent_key] = (parent[0], replace(parent[1], addenda=beside, history=earlier))
            del shown[key]
    return list(shown.values())


def _reports(examination: Examination) -> QuerySet[Report]:
    return examination.reports.order_by("created_at", "id").prefetch_related(*_version_rows())


def _with_versions() -> Prefetch[str, QuerySet[Report], str]:
    reports = Report.objects.order_by("created_at", "id").prefetch_related(*_version_rows())
    return Prefetch("reports", queryset=reports)


def _version_rows() -> list[Prefetch[str, QuerySet[ReportVersion], str]]:
    rows = ReportVersion.objects.select_related("document__blob").order_by("number")
    return [Prefetch("versions", queryset=rows.prefetch_related("more_documents__document__blob"))]


def _shown(effect: Effect) -> ShownReport:
    first, *beside = [_with_documents(one) for one in effect.readable]
    addenda = len(effect.addenda) - (effect.current is None)
    return ShownReport(
        first.version, first.documents, addenda=tuple(beside[:addenda]), history=tuple(beside[addenda:])
    )


def _with_documents(version: ReportVersion) -> ShownVersion:
    first = [version.document] if version.document else []
    return ShownVersion(version, (*first, *(row.document for row in version.more_documents.all())))
