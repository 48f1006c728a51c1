"""Encapsulated PDF objects of linked studies become reports (source dicom)."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from klisza.archive.models import Instance
from klisza.audit.actor import Actor
from klisza.base import clock, sandbox
from klisza.base.errors import BadMessage, SandboxFailed
from klisza.blobs import services as blobs
from klisza.examinations import queries
from klisza.examinations.models import EncapsulatedIntake, Examination, ReportVersion, StudyIntake

from .reports import file_report


def take_documents(*, intake: StudyIntake, by: Actor) -> int:
    """File the PDF objects of one linked study; returns how many.

    Raises Unavailable when bytes cannot be kept now.
    """
    examination = queries.linked_examination(intake.study)
    instances = queries.encapsulated_of(intake.study) if examination else []
    for instance in instances:
        _take(instance, examination, by)  # type: ignore[arg-type]
    taken = StudyIntake.objects.filter(pk=intake.pk, revision=intake.revision)
    taken.update(documents_taken=True)
    return len(instances)


def _take(instance: Instance, examination: Examination, by: Actor) -> None:
    """An object that holds no PDF, or kills the child, is noted and not tried again."""
    try:
        _file(instance, examination, by)
        outcome, reason = "filed", ""
    except (SandboxFailed, BadMessage) as refused:
        outcome, reason = "refused", refused.reason[:300]
    with transaction.atomic():
        EncapsulatedIntake.objects.create(instance=instance, outcome=outcome, reason=reason, at=clock.now())


def _file(instance: Instance, examination: Examination, by: Actor) -> ReportVersion:
    with tempfile.TemporaryDirectory(prefix="klisza-pdf-") as folder:
        about = sandbox.call(
            "klisza.examinations.encapsulated:extract",
            {"path": str(blobs.open_path(instance.blob_id)), "name": "report.pdf"},
            folder=Path(folder),
        )
        pdf = (Path(folder) / "report.pdf").read_bytes()
    return file_report(
        patient=examination.patient,
        study_instance_uid=instance.series.study.study_instance_uid,
        accession_number=examination.accession_number,
        issuer=examination.issuer,
        pdf=pdf,
        key=f"dicom:{instance.pk}",
        issued_at=_moment(about, examination),
        title=str(about["title"]),
        source="dicom",
        by=by,
    )


def _moment(about: dict[str, Any], examination: Examination) -> datetime:
    """ContentDate and ContentTime in the hospital's zone.

    The day of the examination when they are missing or wrong.
    """
    try:
        moment = datetime.strptime(f"{about['date']} {about['time'] or '000000'}", "%Y%m%d %H%M%S")  # noqa: DTZ007
    except (ValueError, KeyError):
        return examination.performed_at
    return moment.replace(tzinfo=clock.local_zone())
