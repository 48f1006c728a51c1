"""Reports that come inside DICOM objects (hospital-integration.md 1.6)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from klisza.archive.models import Instance
from klisza.blobs import services as blobs
from klisza.examinations import jobs, queries
from klisza.examinations.models import EncapsulatedIntake, ReportState
from klisza.patients.models import Patient

from .given import a_patient, a_report, a_series, a_study, an_instance, pdf, the_examination

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
