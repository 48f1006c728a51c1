"""Filing reports: versions of one key, in whatever order they come (hospital-integration 2.5, 5.1)."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import BadMessage
from klisza.blobs.services import Stored
from klisza.documents import services as documents
from klisza.examinations import kinds, queries
from klisza.examinations.models import Examination, ExaminationStudy, Report, ReportVersion
from klisza.patients.models import Patient

from .state import refresh


class StudyLeft(Exception):
    """The study an encapsulated report was read from no longer belongs to this patient."""


STATUSES = ("P", "F", "C", "X")  # preliminary, final, corrected, withdrawn (HL7 table 0123)


def file_report(
    *,
    patient: Patient,
    accession_number: str = "",
    study_instance_uid: str = "",
    issuer: str,
    pdf: bytes,
    key: str,
    status: str = "F",
    issued_at: datetime,
    title: str = "",
    performed_at: datetime | None = None,
    source: str,
    by: Actor,
) -> ReportVersion:
    """Keep one version of a report and put it into effect where it counts.

    key: what the sender calls the report. status: P, F, C or X. source: script | dicom.
    performed_at: when the examination was performed, for one that has no images (yet) to say so.
    The same bytes again make no new version; a late P replaces nothing; X withdraws. An accession or study
    we do not
    know yet makes an examination with a report only; its images join it later.
    A report out of a DICOM object is filed only where its study is linked at that moment.
    Raises BadMessage (no PDF, unknown status, accession of another patient), StudyLeft, Unavailable.
    """
    if status not in STATUSES:
        raise BadMessage(f"unknown report status; it must be one of {', '.join(STATUSES)}")
    if not accession_number and not study_instance_uid:
        raise BadMessage("a report needs an accession number or a StudyInstanceUID")
    sha256 = hashlib.sha256(pdf).hexdigest()
    order = _Order(patient, issuer, accession_number, study_instance_uid, performed_at or issued_at, source)
    known = order.examination()
    same = _same_bytes(known, key, sha256, status) if known else None
    if same and same.source in (source, "script"):
        return same
    stored = documents.keep_pdf(pdf)  # durable before the transaction, never inside it
    return _file(
        order, stored, key=key, status=status, issued_at=issued_at, title=title, source=source, by=by
    )


@dataclass(frozen=True)
class _Order:
    """How the sender names the examination, and when it took place at the latest."""

    patient: Patient
    issuer: str
    accession_number: str
    study_instance_uid: str
    performed_at: datetime
    source: str

    def examination(self) -> Examination | None:
        """By the study's UID first, then by (issuer, accession).

        Raises BadMessage when it is another patient's.
        """
        mine = queries.family(self.patient)
        if self.source == "dicom":
            return self._where_linked(mine)
        for candidates in (self._by_study(), self._by_accession()):
            own = next((found for found in candidates if found.patient_id in mine), None)
            if own:
                return own
            if not all(map(queries.is_left, candidates)):
                raise BadMessage("the accession number or study belongs to another patient")
        return None

    def _where_linked(self, mine: frozenset[uuid.UUID]) -> Examination:
        """Raises StudyLeft."""
        links = ExaminationStudy.objects.filter(study__study_instance_uid=self.study_instance_uid)
        link = links.filter(examination__patient__in=mine).select_related("examination").first()
        if link is None:
            raise StudyLeft
        return link.examination

    def _by_study(self) -> list[Examination]:
        uid = self.study_instance_uid
        linked = ExaminationStudy.objects.filter(study__study_instance_uid=uid).values("examination_id")
        named = Q(pk__in=linked) | Q(study_instance_uid=uid)
        return list(Examination.objects.filter(named).order_by("created_at", "id")) if uid else []

    def _by_accession(self) -> list[Examination]:
        number = self.accession_number
        same = Examination.objects.filter(issuer=self.issuer, accession_number=number)
        return list(same.order_by("created_at", "id")) if number else []


@transaction.atomic
def _file(
    order: _Order,
    stored: Stored,
    *,
    key: str,
    status: str,
    issued_at: datetime,
    title: str,
    source: str,
    by: Actor,
) -> ReportVersion:
    Patient.objects.select_for_update().get(
        pk=order.patient.pk
    )  # two senders of one report come one after the other
    examination = order.examination() or _report_only(order, title)
    if same := _same_bytes(examination, key, stored.sha256, status):
        return _said_again(same, source)
    _complete(examination, order)
    now = clock.now()
    report, _ = Report.objects.get_or_create(examination=examination, key=key, defaults={"created_at": now})
    report.examinations.add(examination)
    document = documents.register(
        patient=order.patient, kind="report", title=title, stored=stored, issued_at=issued_at, by=by
    )
    version = ReportVersion.objects.create(
        report=report,
        number=report.versions.count() + 1,
        status=status,
        source=source,
        document=document,
        digest=stored.sha256,
        issued_at=issued_at,
        stated_at=issued_at,
        received_at=now,
    )
    if status == "X":
        for withdrawn in report.versions.select_related("document"):
            documents.withdraw(document=withdrawn.document)
    record("report.received", by=by, patient_id=examination.patient_id, objects=[examination, version])
    refresh(examination)
    return version


def _said_again(version: ReportVersion, source: str) -> ReportVersion:
    """What the hospital's script says too stays when the study it was first read from leaves."""
    if source == "script" and version.source == "dicom":
        version.source = source
        version.save(update_fields=["source"])
    return version


@transaction.atomic
def withdraw_taken(*, report: Report, by: Actor) -> None:
    """Take back what was read from a DICOM object; what a sender said itself stays. Call refresh afterwards."""
    versions = list(report.versions.select_related("document").order_by("number"))
    current = queries.in_effect(versions)
    if current is None or current.status == "X" or current.source != "dicom":
        return
    # Of the same moment as what it withdraws, so that the same object may be filed here again.
    withdrawn = ReportVersion.objects.create(
        report=report,
        number=len(versions) + 1,
        status="X",
        source="dicom",
        document=current.document,
        digest=current.digest,
        issued_at=current.issued_at,
        stated_at=current.stated_at,
        received_at=clock.now(),
    )
    for version in versions:
        documents.withdraw(document=version.document)
    record("report.withdrawn", by=by, patient_id=report.examination.patient_id, objects=[report, withdrawn])


def _same_bytes(examination: Examination, key: str, sha256: str, status: str) -> ReportVersion | None:
    """The version that says this already.

    Of this report, or of another source in the same examination (5, [M]).
    """
    versions = (
        ReportVersion.objects.filter(report__examination=examination)
        .select_related("document__blob", "report")
        .order_by("number")
    )
    by_report: dict[uuid.UUID, list[ReportVersion]] = {}
    for version in versions:
        by_report.setdefault(version.report_id, []).append(version)
    for rows in by_report.values():
        if status == "X" and rows[0].report.key != key:
            continue  # only the sender's own report can be withdrawn
        current = queries.in_effect(rows) or rows[-1]
        says_it = status == current.status or (status in "PFC" and current.status in "FC")
        if current.document.blob.sha256 == sha256 and says_it:
            return current
    return None


def _report_only(order: _Order, title: str) -> Examination:
    now = clock.now()
    return Examination.objects.create(
        patient=order.patient,
        kind=kinds.for_modalities((), title).code,
        performed_at=order.performed_at,
        issuer=order.issuer,
        accession_number=order.accession_number,
        study_instance_uid=order.study_instance_uid,
        created_at=now,
        updated_at=now,
    )


def _complete(examination: Examination, order: _Order) -> None:
    """What the report knows and the images did not say.

    Their date, where there is one, is put back by refresh.
    """
    examination.accession_number = examination.accession_number or order.accession_number
    if order.source != "dicom":  # there the link says it, and the study may leave
        examination.study_instance_uid = examination.study_instance_uid or order.study_instance_uid
    examination.performed_at = min(examination.performed_at, order.performed_at)
    examination.save(update_fields=["accession_number", "study_instance_uid", "performed_at"])
