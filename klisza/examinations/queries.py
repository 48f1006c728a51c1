"""Reading examinations. `visible` is THE gate: nothing patient-visible is reached past it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time

from django.conf import settings
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from klisza.archive.models import Instance, Study
from klisza.base import clock
from klisza.base.errors import NotAllowed, NotFound
from klisza.documents.models import Document
from klisza.patients import queries as patients
from klisza.patients.models import Patient, PatientIdentifier
from klisza.patients.viewer import Viewer

from .models import (
    EncapsulatedIntake,
    Examination,
    ExaminationStudy,
    Report,
    ReportState,
    ReportVersion,
    StudyIntake,
)

ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"

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


# Reports


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


# What the worker has to do


def studies_to_link(limit: int, *, since: datetime | None = None) -> list[Study]:
    """Settled studies whose newest revision was not looked at yet.

    since: only those that received something after it, by the index; None looks at all.
    """
    seen = StudyIntake.objects.filter(study=OuterRef("pk"), revision__gte=OuterRef("revision"))
    settled = Study.objects.filter(~Exists(seen), state=Study.State.SETTLED)
    if since:
        settled = settled.filter(last_received_at__gte=since)
    return list(settled.order_by("last_received_at")[:limit])


def studies_to_link_early(limit: int) -> list[Study]:
    """Studies still arriving whose patient is known: they stand in the list while they grow (N14)."""
    known = PatientIdentifier.objects.filter(issuer=OuterRef("issuer"), value=OuterRef("patient_id"))
    arriving = Study.objects.filter(Exists(known), state=Study.State.RECEIVING)
    return list(arriving.order_by("-last_received_at")[:limit])


def studies_to_try_again(limit: int) -> list[Study]:
    """Unmatched studies whose patient appeared or changed since, or whose accession may be free now."""
    known = PatientIdentifier.objects.filter(
        issuer=OuterRef("study__issuer"), value=OuterRef("study__patient_id")
    )
    changed = known.filter(
        Q(patient__updated_at__gt=OuterRef("at")) | Q(patient__survivor__updated_at__gt=OuterRef("at"))
    )
    moved = Examination.objects.filter(
        issuer=OuterRef("study__issuer"),
        accession_number=OuterRef("study__accession_number"),
        updated_at__gt=OuterRef("at"),
    )
    why = (
        Q(Exists(changed))
        | Q(Exists(known), reason="unknown_patient")
        | Q(Exists(moved), reason="accession_of_other_patient")
    )
    again = StudyIntake.objects.filter(why, outcome="unmatched")
    return [intake.study for intake in again.select_related("study").order_by("at")[:limit]]


def studies_of_corrected(limit: int, *, since: datetime | None = None) -> list[Study]:
    """Linked studies whose patient, or the one it was merged into, was corrected after they were looked at.

    since: only corrections after it, by the index on patients; None looks at all. Studies that are still
    arriving are looked at anyway.
    """
    found: dict[uuid.UUID, Study] = {}
    for patient in ("patient", "patient__survivor", "patient__survivor__survivor"):
        moment = f"examination__{patient}__updated_at"
        older = StudyIntake.objects.filter(study=OuterRef("study"), at__lt=OuterRef(moment))
        links = ExaminationStudy.objects.filter(Exists(older), study__state=Study.State.SETTLED)
        if since:
            links = links.filter(**{f"{moment}__gte": since})
        found |= {link.study_id: link.study for link in links.select_related("study")[:limit]}
    return list(found.values())[:limit]


def intakes_with_documents(limit: int) -> list[StudyIntake]:
    """Linked studies whose encapsulated PDF objects were not looked at yet."""
    waiting = StudyIntake.objects.filter(documents_taken=False).select_related("study")
    return list(waiting.order_by("at")[:limit])


def encapsulated_of(study: Study) -> list[Instance]:
    taken = EncapsulatedIntake.objects.filter(instance=OuterRef("pk"))
    objects = Instance.objects.filter(~Exists(taken), sop_class_uid=ENCAPSULATED_PDF, hidden_reason="")
    return list(objects.filter(series__study=study).order_by("received_at", "id"))


def owner_of(issuer: str, value: str) -> Patient | None:
    """The record this identifier stands on, merged or not.

    New rows belong to it, so that a merge can be undone.
    """
    row = PatientIdentifier.objects.filter(issuer=issuer, value=value).select_related("patient").first()
    return row.patient if row else None


def family(patient: Patient) -> frozenset[uuid.UUID]:
    """The ids under which this person's rows may stand: a merge re-points nothing."""
    return patients.aliases(patients.survivor(patient))


def is_left(examination: Examination) -> bool:
    """Its studies went elsewhere and no sender reported on it: it claims neither accession nor study."""
    reported = ReportVersion.objects.filter(report__examination=examination).exclude(source="dicom")
    return not examination.study_links.exists() and not reported.exists()


def linked_examination(study: Study) -> Examination | None:
    link = ExaminationStudy.objects.filter(study=study).select_related("examination").order_by("pk").first()
    return link.examination if link else None
