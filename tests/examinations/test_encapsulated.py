"""Reports that come inside DICOM objects (hospital-integration.md 1.6)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from klisza.archive.models import Instance, Peer, Study
from klisza.base import clock, sandbox
from klisza.base.errors import NotFound
from klisza.blobs import services as blobs
from klisza.documents.models import Document
from klisza.examinations import jobs, queries, services
from klisza.examinations.models import EncapsulatedIntake, NoticeIntent, ReportState
from klisza.patients.models import Patient
from tests.accounts.people import outbox
from tests.standards.test_sr import CONTENT, report

from .given import (
    SCRIPT,
    a_patient,
    a_report,
    a_series,
    a_study,
    an_instance,
    mrn_of,
    pdf,
    the_examination,
    viewer,
)

pytestmark = pytest.mark.django_db
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"


def an_object(body: bytes, **attributes: Any) -> bytes:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = ENCAPSULATED_PDF, generate_uid()
    ds.SpecificCharacterSet, ds.DocumentTitle = "ISO_IR 192", "Opis badania źródłowy"
    ds.ContentDate, ds.ContentTime = "20261121", "101500"
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocument = body + b"\0" * (len(body) % 2)
    ds.EncapsulatedDocumentLength = len(body)
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = (
        ds.SOPClassUID,
        ds.SOPInstanceUID,
    )
    out = io.BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def a_study_with(patient: Patient, part10: bytes) -> Instance:
    study = a_study(patient, accession_number="ACC1")
    return an_instance(a_series(study, "DOC", 0), part10, sop_class_uid=ENCAPSULATED_PDF, number_of_frames=0)


def test_its_pdf_becomes_a_report() -> None:
    patient, body = a_patient(), pdf("odd")
    a_study_with(patient, an_object(body))
    assert (jobs.run_linking(), jobs.run_encapsulated(), jobs.run_encapsulated()) == (1, 1, 0)
    examination = the_examination(patient)
    shown = queries.shown_reports(examination)[0]
    assert blobs.read(shown.document.blob_id) == body
    assert (shown.document.title, shown.version.source) == ("Opis badania źródłowy", "dicom")
    assert (examination.kind, examination.report) == ("CT", ReportState.AVAILABLE)


def test_the_same_pdf_by_script_is_one_report() -> None:
    patient, body = a_patient(), pdf()
    a_study_with(patient, an_object(body))
    jobs.run_linking()
    a_report(patient, pdf=body)
    jobs.run_encapsulated()
    assert len(queries.shown_reports(the_examination(patient))) == 1


@pytest.mark.parametrize(
    "part10",
    [
        b"\0" * 128 + b"DICM" + b"\xff" * 60,
        an_object(b"MZ an executable!"),
        an_object(pdf(), MIMETypeOfEncapsulatedDocument="model/stl"),
    ],
)
def test_what_is_no_pdf_is_noted_once(part10: bytes) -> None:
    patient = a_patient()
    a_study_with(patient, part10)
    jobs.run_linking()
    assert (jobs.run_encapsulated(), jobs.run_encapsulated()) == (1, 0)
    assert EncapsulatedIntake.objects.get().outcome == "refused"
    assert not queries.shown_reports(the_examination(patient))


def test_an_unmatched_study_gives_no_report() -> None:
    """R60, R63"""
    patient = a_patient()
    a_study_with(patient, an_object(pdf()))
    patient.identifiers.update(value="ANOTHER")
    jobs.run_linking()
    assert jobs.run_encapsulated() == 0


class TestAStudyThatLeaves:
    """R60: a report out of its objects leaves the patient together with the images."""

    def taken(self, patient: Patient) -> Study:
        study = a_study_with(patient, an_object(pdf())).series.study
        jobs.run_linking()
        assert (jobs.run_encapsulated(), len(queries.shown_reports(the_examination(patient)))) == (1, 1)
        return study

    def moves(self, study: Study, to: Patient) -> None:
        study.patient_id, study.revision = mrn_of(to), study.revision + 1
        study.save()
        services.link_study(study=study, by=SCRIPT)

    def test_its_report_is_gone_at_once(self) -> None:
        patient = a_patient()
        study, left = self.taken(patient), the_examination(patient)
        version = queries.shown_reports(left)[0].version
        patient.identifiers.update(value="ANOTHER")
        services.link_study(study=study, by=SCRIPT)
        left.refresh_from_db()
        assert (left.report, left.visible) == (ReportState.WITHDRAWN, False)
        assert not queries.reports_of(viewer(patient))
        with pytest.raises(NotFound):
            queries.shown_report(left, version.pk)
        assert not Document.objects.filter(withdrawn_at=None).exists()
        assert not EncapsulatedIntake.objects.exists()

    def test_the_right_patient_gets_it(self) -> None:
        wrong, right = a_patient(), a_patient()
        self.moves(self.taken(wrong), right)
        assert jobs.run_encapsulated() == 1
        assert len(queries.reports_of(viewer(right))) == 1
        assert not queries.reports_of(viewer(wrong))

    def test_it_comes_back_with_the_study(self) -> None:
        patient = a_patient()
        study, mrn = self.taken(patient), mrn_of(patient)
        patient.identifiers.update(value="ANOTHER")
        services.link_study(study=study, by=SCRIPT)
        patient.identifiers.update(value=mrn)
        services.link_study(study=study, by=SCRIPT)
        jobs.run_encapsulated()
        assert len(queries.reports_of(viewer(patient))) == 1
        assert the_examination(patient).report == ReportState.AVAILABLE

    def test_what_the_hospital_sent_itself_stays(self) -> None:
        wrong, right = a_patient(), a_patient()
        body = pdf()
        study = a_study_with(wrong, an_object(body)).series.study
        jobs.run_linking()
        jobs.run_encapsulated()
        said = a_report(wrong, pdf=body)
        self.moves(study, right)
        assert [row.shown.version for row in queries.reports_of(viewer(wrong))] == [said]

    def test_the_same_pdf_of_another_study_stays(self) -> None:
        wrong, right = a_patient(), a_patient()
        body = pdf()
        study = a_study_with(wrong, an_object(body)).series.study
        a_study_with(wrong, an_object(body))
        jobs.run_linking()
        assert (jobs.run_encapsulated(), len(queries.reports_of(viewer(wrong)))) == (2, 1)
        self.moves(study, right)
        jobs.run_encapsulated()
        assert len(queries.reports_of(viewer(wrong))) == 1

    def test_a_move_during_the_reading_files_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The sandbox takes its time; what it read must not reach the patient it was read for."""
        wrong, right = a_patient(), a_patient()
        study = a_study_with(wrong, an_object(pdf())).series.study
        jobs.run_linking()
        read = sandbox.call

        def slowly(*args: Any, **kwargs: Any) -> Any:
            about = read(*args, **kwargs)
            monkeypatch.undo()
            self.moves(study, right)
            return about

        monkeypatch.setattr(sandbox, "call", slowly)
        jobs.run_encapsulated()
        assert not queries.reports_of(viewer(wrong))
        jobs.run_encapsulated()
        assert len(queries.reports_of(viewer(right))) == 1

    def test_nobody_is_told_of_it(self, settings: Any) -> None:
        """Nothing is left of a shell: it is invisible and its waiting notices go nowhere."""
        settings.NOTICE_WINDOW_MINUTES, settings.QUIET_HOURS = 0, None
        patient = a_patient()
        study = self.taken(patient)
        patient.identifiers.update(value="ANOTHER")
        services.link_study(study=study, by=SCRIPT)
        assert not queries.visible(viewer(patient), purpose="list").exists()
        assert not NoticeIntent.objects.exists()
        assert jobs.run_notices() == 0
        assert not [mail for mail in outbox("mail") if mail["kind"] == "notice"]


class TestTheRuleOfTheSender:
    """1.6: scanned order forms come as PDF objects too; which are reports is a rule of each peer."""

    @pytest.mark.parametrize(
        ("titles", "count"),
        [
            (None, 1),
            ([], 0),
            (["Opis badania źródłowy"], 1),
            (["opis BADANIA źródłowy "], 1),
            (["Skierowanie"], 0),
        ],
    )
    def test_titles_decide(self, titles: list[str] | None, count: int) -> None:
        Peer.objects.create(
            name="TK1", ae_title="TK1", address="10.0.0.1", report_titles=titles, created_at=clock.now()
        )
        patient = a_patient()
        a_study_with(patient, an_object(pdf()))
        Instance.objects.update(source="TK1")
        jobs.run_linking()
        assert (jobs.run_encapsulated(), len(queries.shown_reports(the_examination(patient)))) == (1, count)


class TestStructuredReports:
    def taken(self, patient: Patient, **attributes: Any) -> int:
        study = a_study(patient, accession_number="ACC1")
        ds = report(*CONTENT, **attributes)
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        out = io.BytesIO()
        dcmwrite(out, ds, enforce_file_format=True)
        an_instance(
            a_series(study, "SR", 0), out.getvalue(), sop_class_uid=ds.SOPClassUID, number_of_frames=0
        )
        jobs.run_linking()
        jobs.run_encapsulated()
        return len(queries.shown_reports(the_examination(patient)))

    def test_a_verified_one_is_a_report(self) -> None:
        patient = a_patient()
        assert self.taken(patient) == 1
        (shown,) = queries.shown_reports(the_examination(patient))
        assert [section["title"] for section in shown.version.sections] == ["Opis", "Wniosek"]
        assert (shown.version.source, shown.document) == ("dicom", None)

    def test_an_unverified_one_is_none(self) -> None:
        assert self.taken(a_patient(), VerificationFlag="UNVERIFIED") == 0

    def test_a_dose_report_is_none(self) -> None:
        assert self.taken(a_patient(), SOPClassUID="1.2.840.10008.5.1.4.1.1.88.67") == 0

    @pytest.mark.parametrize("status", ["P", "X"])
    def test_what_the_ris_says_wins(self, status: str) -> None:
        """PACS make an SR of a preliminary report too, and keep it when the report is withdrawn."""
        patient = a_patient()
        a_report(patient, status=status, source="oru")
        assert self.taken(patient) == 0
