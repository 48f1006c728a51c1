"""Encapsulated PDF and SR objects of linked studies become reports (source dicom), where the sender's rule says so."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from klisza.archive.models import Instance, Study
from klisza.audit.actor import Actor
from klisza.base import clock, sandbox
from klisza.base.errors import BadMessage, SandboxFailed
from klisza.blobs import services as blobs
from klisza.examinations import queries
from klisza.examinations.models import EncapsulatedIntake, Examination, ReportVersion, StudyIntake
from klisza.patients.models import Patient
from klisza.standards.hl7v2.facts import Section

from .reports import StudyLeft, file_report, withdraw_taken


def take_documents(*, intake: StudyIntake, by: Actor) -> int:
    """File the PDF and SR objects of one linked study; returns how many were looked at.

    Raises Unavailable when bytes cannot be kept now.
    """
    examination = queries.linked_examination(intake.study)
    instances = queries.encapsulated_of(intake.study) if examination else []
    for instance in instances:
        _take(instance, examination, by)  # type: ignore[arg-type]
    # `at`: the study may have been linked anew while its objects were read.
    taken = StudyIntake.objects.filter(pk=intake.pk, revision=intake.revision, at=intake.at)
    taken.update(documents_taken=True)
    return len(instances)


def take_back(*, study: Study, examination: Examination, by: Actor) -> None:
    """The study left this examination: withdraw what came out of its objects; call it in that transaction.

    Its objects are read again wherever it is linked next. So are those of the studies that stay, which may
    hold the same PDF.
    """
    instances = Instance.objects.filter(series__study=study, sop_class_uid__in=queries.REPORT_CLASSES)
    keys = [_key(pk) for pk in instances.values_list("pk", flat=True)]
    for report in examination.reports.filter(key__in=keys):
        withdraw_taken(report=report, by=by)
    again = [study.pk, *queries.study_ids(examination)] if keys else []
    EncapsulatedIntake.objects.filter(instance__series__study__in=again).delete()
    StudyIntake.objects.filter(study__in=again, outcome="linked").update(documents_taken=False)


def _key(instance_id: uuid.UUID) -> str:
    return f"dicom:{instance_id}"


def _take(instance: Instance, examination: Examination, by: Actor) -> None:
    """An object that holds no PDF, or kills the child, is noted and not tried again.

    One whose study left in the meantime is not noted: it is taken where the study is now.
    """
    try:
        _file(instance, examination, by)
        outcome, reason = "filed", ""
    except StudyLeft:
        return
    except (SandboxFailed, BadMessage) as refused:
        outcome, reason = "refused", refused.reason[:300]
    with transaction.atomic():
        Patient.objects.select_for_update().get(pk=examination.patient_id)  # linking holds this row too
        if not examination.study_links.filter(study=instance.series.study_id).exists():
            return
        EncapsulatedIntake.objects.update_or_create(
            instance=instance, defaults={"outcome": outcome, "reason": reason, "at": clock.now()}
        )


def _file(instance: Instance, examination: Examination, by: Actor) -> ReportVersion:
    """Raises StudyLeft, BadMessage (no report: by its content, or by the rule of its sender), SandboxFailed."""
    wanted = queries.titles_of_reports(instance)
    if wanted == []:
        raise BadMessage("objects of this sender are no reports")
    with tempfile.TemporaryDirectory(prefix="klisza-pdf-") as folder:
        about = _read(instance, Path(folder))
        if wanted is not None and not _is_named(about["titles"], wanted):
            raise BadMessage("objects of this title are no reports")
        sections = [_section(one) for one in about.get("sections", ())]
        pdf = b"" if sections else (Path(folder) / "report.pdf").read_bytes()
    return file_report(
        patient=examination.patient,
        study_instance_uid=instance.series.study.study_instance_uid,
        accession_number=examination.accession_number,
        issuer=examination.issuer,
        pdf=pdf,
        sections=sections,
        signed_by=str(about.get("signed_by", "")),
        key=_key(instance.pk),
        issued_at=_moment(about, examination),
        title=str(about["title"]),
        source="dicom",
        by=by,
    )


def _read(instance: Instance, folder: Path) -> dict[str, Any]:
    path = str(blobs.open_path(instance.blob_id))
    if instance.sop_class_uid in queries.STRUCTURED_REPORTS:
        about: dict[str, Any] = sandbox.call("klisza.standards.dicom.sr:read", {"path": path}, folder=folder)
        if not about["is_final"]:
            raise BadMessage("the structured report is not complete and verified")
        return about
    arguments = {"path": path, "name": "report.pdf"}
    found: dict[str, Any] = sandbox.call("klisza.examinations.encapsulated:extract", arguments, folder=folder)
    return found


def _section(found: dict[str, Any]) -> Section:
    return Section("", str(found["title"]), tuple(str(line) for line in found["paragraphs"]))


def _is_named(titles: Iterable[str], wanted: list[str]) -> bool:
    return bool({title.strip().casefold() for title in titles} & {one.strip().casefold() for one in wanted})


def _moment(about: dict[str, Any], examination: Examination) -> datetime:
    """ContentDate and ContentTime in the hospital's zone.

    The day of the examination when they are missing or wrong.
    """
    try:
        moment = datetime.strptime(f"{about['date']} {about['time'] or '000000'}", "%Y%m%d %H%M%S")  # noqa: DTZ007
    except (ValueError, KeyError):
        return examination.performed_at
    return moment.replace(tzinfo=clock.local_zone())
