"""Filing reports: versions of one key, in whatever order they come (hospital-integration 2.5, 5.1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import BadMessage
from klisza.base.plain import one_line
from klisza.blobs.services import Stored
from klisza.documents import plain
from klisza.documents import services as documents
from klisza.documents.models import Document
from klisza.documents.services import Enclosure
from klisza.examinations import queries
from klisza.examinations.models import Examination, Report, ReportDocument, ReportVersion
from klisza.patients.models import Patient
from klisza.standards.hl7v2.facts import Section, Stamp

from .breaches import note_breach
from .naming import Naming, StudyLeft
from .state import refresh

__all__ = ["Enclosure", "StudyLeft", "file_report", "withdraw_taken"]

STATUSES = ("P", "F", "C", "A", "X")  # preliminary, final, corrected, addendum, withdrawn
SAME = {"F": "FC", "C": "FC"}  # one content is one version, whether it is called final or corrected


@dataclass(frozen=True)
class _Told:
    """One version as its sender told it, its bytes durable."""

    patient: Patient
    key: str
    parent_key: str
    status: str
    source: str
    stamp: Stamp
    issued_at: datetime
    title: str
    sections: list[dict[str, Any]]
    enclosures: tuple[Enclosure, ...]
    signed_by: str
    is_wrong_patient: bool
    origin: str
    by: Actor
    stored: tuple[Stored, ...] = ()

    @property
    def digest(self) -> str:
        """Of the only document, else of text and documents together; "" of nothing."""
        shas = [hashlib.sha256(one.data).hexdigest() for one in self.enclosures]
        if not self.sections:
            return shas[0] if len(shas) == 1 else _sha256(shas) if shas else ""
        return _sha256([[[row["title"], row["paragraphs"]] for row in self.sections], shas])


def file_report(
    *,
    patient: Patient,
    key: str,
    source: str,
    issued_at: datetime,
    by: Actor,
    examinations: Sequence[Examination] = (),
    accession_number: str = "",
    study_instance_uid: str = "",
    issuer: str = "",
    performed_at: datetime | None = None,
    status: str = "F",
    pdf: bytes = b"",
    enclosures: Sequence[Enclosure] = (),
    sections: Sequence[Section] = (),
    stamp: Stamp | None = None,
    title: str = "",
    signed_by: str = "",
    is_wrong_patient: bool = False,
    parent_key: str = "",
    origin: str = "",
    quiet: bool = False,
) -> ReportVersion:
    """Keep one version of a report and put it into effect where it counts.

    key: what the sender calls the report; parent_key: the one that it supplements under a name of its own.
    source: script | dicom | oru. stamp: when the sender says so; without one, issued_at (dicom: now).
    examinations: what it reports on; without them accession number or study name it, and one we do not know
    yet is made. status X withdraws, and is_wrong_patient notes who may have seen it.
    The same content again makes no new version; a late P replaces nothing.
    A report out of a DICOM object is filed only where its study is linked at that moment.
    Raises BadMessage (unreadable document, unknown status, accession of another patient), StudyLeft,
    Unavailable.
    """
    if status not in STATUSES:
        raise BadMessage(f"unknown report status; it must be one of {', '.join(STATUSES)}")
    if not (examinations or accession_number or study_instance_uid):
        raise BadMessage("a report needs an accession number or a StudyInstanceUID")
    told = _Told(
        patient=patient,
        key=key[:200],
        parent_key=parent_key[:200],
        status=status,
        source=source,
        stamp=stamp or Stamp(clock.now() if source == "dicom" else issued_at),
        issued_at=issued_at,
        title=title,
        sections=plain.sections(sections),
        enclosures=(*((Enclosure(pdf),) if pdf else ()), *enclosures),
        signed_by=one_line(signed_by),
        is_wrong_patient=is_wrong_patient,
        origin=origin,
        by=by,
    )
    if not (told.digest or status == "X"):
        raise BadMessage("a report needs text or a document")
    naming = Naming(patient, issuer, accession_number, study_instance_uid, performed_at or issued_at, source)
    if not examinations and (same := _said_elsewhere(naming.examination(), told)):
        return same
    # Durable before the transaction, never inside it.
    stored = tuple(documents.keep(one) for one in told.enclosures)
    return _file(replace(told, stored=stored), naming, examinations, title, quiet=quiet)


@transaction.atomic
def _file(
    told: _Told, naming: Naming, named: Sequence[Examination], title: str, *, quiet: bool
) -> ReportVersion:
    # Two senders of one report come one after the other.
    Patient.objects.select_for_update().get(pk=told.patient.pk)
    if named:
        examinations = naming.still_mine(named)
        report = _known(told) or _report(examinations[0], told)
    else:
        examination = naming.examination() or naming.make(title)
        if same := _said_elsewhere(examination, told):
            return same
        naming.complete(examination)
        examinations, report = [examination], _report(examination, told)
    if (
        told.parent_key and not report.parent_key
    ):  # who took it back before it came did not say what it adds to
        report.parent_key = told.parent_key
        report.save(update_fields=["parent_key"])
    report.examinations.add(*examinations)
    version, is_new, changed = _version(report, told)
    if changed:
        _settle(report)
    if is_new:
        action = "report.withdrawn" if told.status == "X" else "report.received"
        for examination in report.examinations.all():
            record(action, by=told.by, patient_id=examination.patient_id, objects=[examination, version])
    if told.is_wrong_patient and changed:
        _note_breaches(report, by=told.by)
    for examination in report.examinations.order_by("created_at", "id"):
        refresh(examination, quiet=quiet)
    return version


def _known(told: _Told) -> Report | None:
    """The report of this name that earlier messages made, on whichever of this person's examinations."""
    mine = queries.family(told.patient)
    named = Report.objects.filter(key=told.key, examination__patient__in=mine)
    return named.order_by("created_at", "id").first()


def _report(examination: Examination, told: _Told) -> Report:
    defaults = {"created_at": clock.now(), "parent_key": told.parent_key}
    return Report.objects.get_or_create(examination=examination, key=told.key, defaults=defaults)[0]


def _version(report: Report, told: _Told) -> tuple[ReportVersion, bool, bool]:
    """The version that says this; whether it is new; whether anything about it is."""
    versions = list(report.versions.select_related("document").order_by("number"))
    moment = (told.stamp.at, told.stamp.control_id)
    for version in versions:
        if version.digest == told.digest and version.status in SAME.get(told.status, told.status):
            return version, False, _say_again(version, told, moment)
    number = (report.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    kept = _documents(told, versions)
    version = ReportVersion.objects.create(
        report=report,
        number=number,
        status=told.status,
        source=told.source,
        document=next(iter(kept), None),
        sections=told.sections,
        digest=told.digest,
        signed_by=told.signed_by,
        issued_at=told.issued_at,
        stated_at=told.stamp.at,
        control_id=told.stamp.control_id,
        is_wrong_patient=told.is_wrong_patient,
        origin=told.origin,
        received_at=clock.now(),
    )
    for place, document in enumerate(kept[1:], start=2):
        ReportDocument.objects.create(version=version, number=place, document=document)
    return version, True, True


def _say_again(version: ReportVersion, told: _Told, moment: tuple[datetime, str]) -> bool:
    """Remember the moment. The earliest saying names the version, so that any order of arrival gives one row."""
    if moment in queries.moments(version):
        return False
    own = (version.stated_at, version.control_id)
    if moment < own:
        version.stated_at, version.control_id = moment
        version.status, version.issued_at, version.signed_by = told.status, told.issued_at, told.signed_by
        version.origin, own, moment = told.origin, moment, own
    repeats = [*version.repeats, [moment[0].isoformat(), moment[1]]]
    version.repeats = sorted(repeats, key=lambda one: (datetime.fromisoformat(one[0]), one[1]))
    version.is_wrong_patient |= told.is_wrong_patient
    version.save()
    return True


def _documents(told: _Told, versions: list[ReportVersion]) -> list[Document]:
    """The rows of its documents; bytes that another version of this report holds already are that document."""
    held = {document.blob.sha256: document for document in _former_documents(told)}
    held |= {document.blob.sha256: document for version in versions for document in _documents_of(version)}
    return [
        held.get(stored.sha256)
        or documents.register(
            patient=told.patient,
            kind="report",
            title=enclosure.title or told.title,
            stored=stored,
            media_type=enclosure.media_type,
            issued_at=told.issued_at,
            origin=told.origin,
            by=told.by,
        )
        for enclosure, stored in zip(told.enclosures, told.stored, strict=True)
    ]


def _former_documents(told: _Told) -> Sequence[Document]:
    """What this very message brought before its version was made anew (replay): it keeps address and pages."""
    if not told.origin:
        return ()
    former = Document.objects.filter(patient=told.patient, kind="report", origin=told.origin)
    first = ReportVersion.objects.exclude(document=None).values_list("document_id", flat=True)
    further = ReportDocument.objects.values_list("document_id", flat=True)
    return list(former.exclude(pk__in=first).exclude(pk__in=further).select_related("blob"))


def _documents_of(version: ReportVersion) -> list[Document]:
    further = [row.document for row in version.more_documents.select_related("document__blob")]
    return [version.document, *further] if version.document else further


def _settle(report: Report) -> None:
    """What nobody may read any more is marked so, and what counts again is not."""
    versions = list(report.versions.select_related("document__blob").order_by("number"))
    effect = queries.effect_of(versions)
    gone = effect.current is not None and effect.current.status == "X"
    kept = {document.pk for one in effect.readable for document in _documents_of(one)}
    for version in versions:
        for document in _documents_of(version):
            if document.pk in kept or (version.status == "P" and not gone):
                documents.restore(document=document)
            else:
                documents.withdraw(document=document)


def _note_breaches(report: Report, *, by: Actor) -> None:
    for examination in report.examinations.order_by("created_at", "id"):
        note_breach(examination=examination, cause="report_wrong_patient", by=by)


def _said_elsewhere(examination: Examination | None, told: _Told) -> ReportVersion | None:
    """A script names a report as it likes: what is in effect in the examination by any name is not filed again.

    Only the sender's own report can be withdrawn.
    """
    if examination is None or told.source != "script" or told.status == "X":
        return None
    for report, effect in queries.effects(examination):
        current = effect.current
        if report.key == told.key or current is None or current.source == "dicom":
            continue
        if current.status in "FC" and current.digest == told.digest:
            return current
    return None


@transaction.atomic
def withdraw_taken(*, report: Report, by: Actor) -> None:
    """Take back what was read from a DICOM object; what a sender said itself stays. Call refresh afterwards."""
    versions = list(report.versions.select_related("document").order_by("number"))
    current = queries.in_effect(versions)
    if current is None or current.status == "X" or current.source != "dicom":
        return
    now = clock.now()
    withdrawn = ReportVersion.objects.create(
        report=report,
        number=versions[-1].number + 1,
        status="X",
        source="dicom",
        digest="",
        issued_at=current.issued_at,
        stated_at=now,
        received_at=now,
    )
    _settle(report)
    record("report.withdrawn", by=by, patient_id=report.examination.patient_id, objects=[report, withdrawn])


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()
