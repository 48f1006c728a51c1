"""A copy of a real study: every byte, a directory others read, an end when it is withdrawn."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pydicom
import pytest
from django.db import DatabaseError
from django.test import Client
from pydicom.fileset import FileSet

from klisza.archive.models import Instance, Series
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.blobs import services as blobs
from klisza.examinations import services as examinations
from klisza.examinations.models import Examination, ExaminationStudy
from klisza.exports import services
from klisza.exports.models import Export
from klisza.patients.models import Patient
from tests.accounts.people import sign_in
from tests.examinations.given import (
    SCRIPT,
    a_patient,
    a_report,
    a_study,
    an_instance,
    pdf,
    the_examination,
    viewer,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings(
        "ignore::UserWarning"
    ),  # real objects are not always by the book, and pydicom says so
]


@pytest.fixture
def patient() -> Patient:
    return a_patient()


@pytest.fixture
def client(client: Client, patient: Patient) -> Client:
    sign_in(client, patient.account)
    return client


def files(samples: Path) -> list[Path]:
    """Part 10 objects of several classes and syntaxes."""
    found = sorted((samples / "dicom" / "modality").rglob("*.dcm"))
    return [file for file in found if file.read_bytes()[128:132] == b"DICM"][:12]


def a_copied_study(patient: Patient, samples: Path) -> list[bytes]:
    """One examination that holds real objects byte for byte; returns them."""
    study = a_study(patient, modalities=(), accession_number="ACC1")
    bodies = [file.read_bytes() for file in files(samples)]
    for number, body in enumerate(bodies):
        ds = pydicom.dcmread(io.BytesIO(body), stop_before_pixels=True)
        series = Series.objects.create(
            study=study, series_instance_uid=str(ds.SeriesInstanceUID), modality="CT", series_number=number
        )
        an_instance(series, body, sop_instance_uid=str(ds.SOPInstanceUID), sop_class_uid=str(ds.SOPClassUID))
    examinations.link_study(study=study, by=SCRIPT)
    return bodies


def address(patient: Patient) -> str:
    return f"/examinations/{the_examination(patient).pk}/download/"


def downloaded(client: Client, patient: Patient) -> bytes:
    answer = client.post(address(patient))
    assert answer.status_code == 200
    return b"".join(answer)


def unpacked(data: bytes, folder: Path) -> Path:
    (folder / "copy.zip").write_bytes(data)
    subprocess.run(["unzip", "-t", "-q", "copy.zip"], cwd=folder, check=True)
    zipfile.ZipFile(io.BytesIO(data)).extractall(folder / "copy")
    return folder / "copy"


class TestACopy:
    """S33, S37"""

    def test_page_tells_what_comes(self, client: Client, patient: Patient, samples: Path) -> None:
        bodies = a_copied_study(patient, samples)
        html = client.get(address(patient)).content.decode()
        assert f"{len(bodies)} plik" in html
        assert not Export.objects.exists()

    def test_objects_are_byte_identical(
        self, client: Client, patient: Patient, samples: Path, tmp_path: Path
    ) -> None:
        bodies, report = a_copied_study(patient, samples), pdf()
        a_report(patient, pdf=report)
        folder = unpacked(downloaded(client, patient), tmp_path)
        images = [file.read_bytes() for file in sorted((folder / "DICOM").rglob("IM*"))]
        assert images == bodies
        assert (folder / "REPORT" / "REPORT01.PDF").read_bytes() == report
        assert "TWOJE BADANIE" in (folder / "README.TXT").read_text("utf-8-sig")

    def test_pydicom_reads_the_directory(
        self, client: Client, patient: Patient, samples: Path, tmp_path: Path
    ) -> None:
        bodies = a_copied_study(patient, samples)
        found = FileSet(unpacked(downloaded(client, patient), tmp_path) / "DICOMDIR")
        assert sorted(str(one.load().SOPInstanceUID) for one in found) == sorted(uids(bodies))

    def test_dcmtk_reads_the_directory(
        self, client: Client, patient: Patient, samples: Path, tmp_path: Path
    ) -> None:
        if shutil.which("dcmdump") is None:
            pytest.skip("dcmtk is not installed")
        bodies = a_copied_study(patient, samples)
        folder = unpacked(downloaded(client, patient), tmp_path)
        dump = subprocess.run(
            ["dcmdump", "DICOMDIR"], cwd=folder, check=True, capture_output=True
        ).stdout.decode("latin-1")
        assert dump.count("ReferencedSOPInstanceUIDInFile") == len(bodies)
        assert dump.count("[DICOM\\SE") == len(bodies)

    def test_names_are_neutral(self, client: Client, patient: Patient, samples: Path) -> None:
        """PS3.10 8.5: eight upper-case letters and digits; nothing about the person."""
        a_copied_study(patient, samples)
        answer = client.post(address(patient))
        assert answer["Content-Disposition"] == 'attachment; filename="badanie-2026-11-20.zip"'
        names = zipfile.ZipFile(io.BytesIO(b"".join(answer))).namelist()
        parts = [part for name in names for part in name.removesuffix(".TXT").removesuffix(".PDF").split("/")]
        assert all(len(part) <= 8 and part.isalnum() and part.isupper() for part in parts)

    def test_a_damaged_object_costs_no_directory(
        self, client: Client, patient: Patient, samples: Path, tmp_path: Path
    ) -> None:
        bodies = a_copied_study(patient, samples)
        an_instance(Series.objects.latest("series_number"), b"\0" * 128 + b"DICM" + b"\xff" * 40)
        folder = unpacked(downloaded(client, patient), tmp_path)
        assert len(list(FileSet(folder / "DICOMDIR"))) == len(bodies)


def uids(bodies: list[bytes]) -> list[str]:
    return [str(pydicom.dcmread(io.BytesIO(body), stop_before_pixels=True).SOPInstanceUID) for body in bodies]


class TestWithdrawnOnTheWay:
    """N13"""

    def test_the_stream_ends_short(self, client: Client, patient: Patient, samples: Path) -> None:
        a_copied_study(patient, samples)
        stream = iter(client.post(address(patient)))
        first = next(stream)
        Examination.objects.update(visible=False)
        with pytest.raises(NotFound):
            list(stream)
        assert Export.objects.get().outcome == "stopped"
        assert first

    def test_a_hidden_object_is_left_out(
        self, client: Client, patient: Patient, samples: Path, tmp_path: Path
    ) -> None:
        bodies = a_copied_study(patient, samples)
        answer = client.post(address(patient))
        Instance.objects.filter(pk=Instance.objects.earliest("received_at").pk).update(
            hidden_reason="rejected"
        )
        folder = unpacked(b"".join(answer), tmp_path)
        assert (
            len(list((folder / "DICOM").rglob("IM*")))
            == len(list(FileSet(folder / "DICOMDIR")))
            == len(bodies) - 1
        )

    def test_an_object_of_a_study_that_moved_is_left_out(
        self, client: Client, patient: Patient, samples: Path, tmp_path: Path
    ) -> None:
        """It is another person's now, although not hidden."""
        a_copied_study(patient, samples)
        a_report(patient)
        answer = client.post(address(patient))
        ExaminationStudy.objects.all().delete()
        folder = unpacked(b"".join(answer), tmp_path)
        assert not list(folder.rglob("IM*"))

    def test_a_large_object_ends_in_the_middle(
        self, client: Client, patient: Patient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        study = a_study(patient, modalities=(), accession_number="ACC1")
        series = Series.objects.create(study=study, series_instance_uid="1.2.3", modality="CT")
        an_instance(series, b"\0" * 128 + b"DICM" + bytes(5 * 1024 * 1024))
        an_instance(Series.objects.create(study=study, series_instance_uid="1.2.4", modality="CT"), b"DICM")
        examinations.link_study(study=study, by=SCRIPT)
        monkeypatch.setattr("klisza.exports.bundle.GATE_SECONDS", -1.0)
        stream = iter(client.post(address(patient)))
        sent = next(stream)
        while len(sent) < 2 * 1024 * 1024:
            sent += next(stream)
        series.instances.update(hidden_reason="wrong_patient")
        with pytest.raises(NotFound):
            list(stream)

    def test_a_locked_account_gets_no_more(self, client: Client, patient: Patient, samples: Path) -> None:
        a_copied_study(patient, samples)
        answer = client.post(address(patient))
        patient.account.state = "locked"
        patient.account.save()
        with pytest.raises(NotFound):
            list(answer)


class TestPlacesAndRecord:
    def test_two_at_once_are_enough(self, client: Client, patient: Patient, samples: Path) -> None:
        a_copied_study(patient, samples)
        running = [client.post(address(patient)) for _ in range(2)]
        third = client.post(address(patient))
        assert (third.status_code, third["Retry-After"]) == (429, "60")
        list(running[0])
        assert client.post(address(patient)).status_code == 200

    def test_a_dead_one_frees_its_place(self, patient: Patient, samples: Path) -> None:
        a_copied_study(patient, samples)
        for _ in range(2):
            services.start(viewer=viewer(patient), examination=the_examination(patient))
        Export.objects.update(beat_at=clock.now() - 2 * services.SILENT)
        assert services.start(viewer=viewer(patient), examination=the_examination(patient))

    def test_it_is_recorded_before_the_first_byte(
        self, client: Client, patient: Patient, samples: Path
    ) -> None:
        """R69"""
        a_copied_study(patient, samples)
        client.post(address(patient))
        event = AuditEvent.objects.get(action="export.downloaded")
        assert event.patient_id == patient.pk

    def test_an_unwritten_record_stops_it(
        self, client: Client, patient: Patient, samples: Path, monkeypatch: Any
    ) -> None:
        def broken(*args: Any, **kwargs: Any) -> None:
            raise DatabaseError

        a_copied_study(patient, samples)
        monkeypatch.setattr("klisza.exports.services.record", broken)
        assert client.post(address(patient)).status_code == 503

    def test_an_examination_without_images_has_none(self, client: Client, patient: Patient) -> None:
        a_report(patient)
        assert client.get(address(patient)).status_code == 404

    def test_a_large_copy_needs_little_memory(self, client: Client, patient: Patient) -> None:
        """Chunks stay small whatever the size of an object."""
        study = a_study(patient, modalities=())
        series = Series.objects.create(study=study, series_instance_uid="1.2.3", modality="US")
        an_instance(series, bytes(24 * 1024 * 1024))
        examinations.link_study(study=study, by=SCRIPT)
        assert blobs.open_path(Instance.objects.get().blob_id).stat().st_size > 20_000_000
        assert max(len(chunk) for chunk in client.post(address(patient))) <= 1024 * 1024
