"""IHE PDI media (B21, B24; hospital-integration.md 4.1): our own checks, and what pydicom and dcmtk say."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from django.test import Client
from pydicom.fileset import FileSet

from klisza.archive.models import Instance, Series, Study
from klisza.archive.services import describe
from klisza.exports.models import Export
from klisza.patients.models import Patient
from klisza.standards.dicom.dicomdir import Directory, Leaf
from klisza.standards.dicom.uids import EXPLICIT_LE
from tests.examinations.given import a_report, an_examination

from . import pdi
from .given import a_copied_study, as_stored, asked, downloaded, file_of, files, unpacked

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
KEY_OBJECT = "1.2.840.10008.5.1.4.1.1.88.59"
# A record type for each class of object that is no image (PS3.3 F.5).
TYPES = {
    "1.2.840.10008.5.1.4.1.1.88.11": "SR DOCUMENT", KEY_OBJECT: "KEY OBJECT DOC",
    "1.2.840.10008.5.1.4.1.1.11.1": "PRESENTATION", "1.2.840.10008.5.1.4.1.1.104.1": "ENCAP DOC",
}  # fmt: skip


@pytest.fixture(scope="module")
def bodies(samples: Path) -> list[bytes]:
    """Images of many syntaxes, and what is no image."""
    return [as_stored(file.read_bytes()) for file in files(samples)] + [
        as_stored(other(one)) for one in TYPES
    ]


def other(sop_class: str) -> bytes:
    ds = pydicom.Dataset()
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sop_class
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.Modality = "Żółć^Gęśla", "SR"
    ds.CompletionFlag, ds.VerificationFlag, ds.DocumentTitle = "COMPLETE", "UNVERIFIED", "Opis"
    ds.MIMETypeOfEncapsulatedDocument, ds.EncapsulatedDocument = "application/pdf", b"%PDF-1.4\n"
    ds.ContentLabel, ds.PresentationCreationDate, ds.PresentationCreationTime = "PR", "20261120", "101500"
    code = pydicom.Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "18748-4", "LN", "Opis"
    ds.ConceptNameCodeSequence = [code]
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


class TestTheFourteenChecks:
    @pytest.mark.parametrize("form", ["stored", "plain"])
    def test_media_pass_them(
        self, client: Client, patient: Patient, bodies: list[bytes], tmp_path: Path, form: str
    ) -> None:
        a_copied_study(patient, bodies)
        a_report(patient)
        root = unpacked(downloaded(client, patient, form=form), tmp_path)
        assert not Instance.objects.exclude(transfer_syntax_uid=EXPLICIT_LE).filter(explicit_size=0)
        assert pdi.faults(root, plain=form == "plain") == []

    def test_the_checks_find_what_is_wrong(
        self, client: Client, patient: Patient, bodies: list[bytes], tmp_path: Path
    ) -> None:
        a_copied_study(patient, bodies[:2])
        root = unpacked(downloaded(client, patient), tmp_path)
        image = next((root / "DICOM").rglob("IM*"))
        shutil.copy(image, root / "image.dcm")
        shutil.copy(image, root / "IHE_PDI" / "A")
        (root / "INDEX.HTM").unlink()
        found = {fault.partition(":")[0] for fault in pdi.faults(root, plain=False)}
        assert found == {"2", "9", "11", "13"}

    def test_record_types_are_those_of_the_classes(
        self, client: Client, patient: Patient, bodies: list[bytes], tmp_path: Path
    ) -> None:
        a_copied_study(patient, bodies)
        a_report(patient)
        root = unpacked(downloaded(client, patient), tmp_path)
        records = pydicom.dcmread(root / "DICOMDIR").DirectoryRecordSequence
        found = {
            record.ReferencedSOPClassUIDInFile: record.DirectoryRecordType
            for record in records
            if "ReferencedSOPClassUIDInFile" in record
        }
        assert {uid: found[uid] for uid in TYPES} == TYPES

    def test_dcmmkdir_makes_the_same_directory(
        self, client: Client, patient: Patient, samples: Path, tmp_path: Path
    ) -> None:
        if shutil.which("dcmmkdir") is None:
            pytest.skip("dcmtk is not installed")
        plain = [as_stored(file.read_bytes()) for file in files(samples)][:6]
        a_copied_study(patient, plain)
        root = unpacked(downloaded(client, patient), tmp_path)
        ours = tree(root / "DICOMDIR")
        names = [str(file.relative_to(root)) for file in sorted((root / "DICOM").rglob("IM*"))]
        command = [
            "dcmmkdir",
            "-Pgp",
            "+I",
            "-Nxc",
            "-Nrc",
            "-W",
            "+D",
            str(tmp_path / "THEIRS"),
            "+id",
            str(root),
            *names,
        ]
        subprocess.run(command, check=True, capture_output=True)
        theirs = tree(tmp_path / "THEIRS")
        assert ours.keys() & theirs.keys() == theirs.keys()


def tree(path: Path) -> dict[tuple[str, str], str]:
    """(type, UID of the file) -> name of the file."""
    found = {}
    for record in pydicom.dcmread(path).DirectoryRecordSequence:
        if "ReferencedFileID" in record:
            file = "/".join(record.ReferencedFileID)
            found[record.DirectoryRecordType, record.ReferencedSOPInstanceUIDInFile] = file
    return found


class TestWhatSendersLeaveOut:
    def test_a_missing_patient_id(
        self, client: Client, patient: Patient, bodies: list[bytes], tmp_path: Path
    ) -> None:
        ds = pydicom.dcmread(io.BytesIO(bodies[0]))
        for keyword in ("PatientID", "StudyID", "StudyDate", "StudyTime", "SeriesNumber", "InstanceNumber"):
            if keyword in ds:
                delattr(ds, keyword)
        out = io.BytesIO()
        ds.save_as(out)
        a_copied_study(patient, [as_stored(out.getvalue())])
        root = unpacked(downloaded(client, patient), tmp_path)
        assert pdi.faults(root) == []
        assert len(list(FileSet(root / "DICOMDIR"))) == 1

    def test_uids_that_stand_for_two_things(self) -> None:
        """Whoever looks up a UID finds one thing; the second one stays a file."""

        def leaf(study: str, series: str, instance: str) -> Leaf:
            above = (("P", b""), (study, b""), (series, b""))
            return Leaf("IMAGE", b"", ("DICOM", "A"), "1.2", instance, "1.2.840.10008.1.2.1", above)

        directory = Directory()
        assert directory.add(leaf("1.1", "1.1.1", "1.1.1.1"))
        assert directory.add(leaf("1.1", "1.1.1", "1.1.1.2"))
        assert not directory.add(leaf("1.1", "1.1.1", "1.1.1.1"))
        assert not directory.add(leaf("1.2", "1.1.1", "1.2.1.1"))  # the series of another study
        assert directory.add(leaf("1.2", "1.2.1", "1.2.1.2"))
        assert directory.entered == 3

    def test_ten_thousand_images_are_put_together_at_once(self) -> None:
        import time

        began = time.process_time()
        directory = Directory()
        above = (("P", b""), ("1.2", b""), ("1.2.3", b""))
        for number in range(10_000):
            directory.add(
                Leaf(
                    "IMAGE",
                    bytes(20),
                    ("DICOM", "SE000000", f"IM{number:06d}"),
                    "1.2",
                    f"1.2.3.{number}",
                    "1.2",
                    above,
                )
            )
        made = directory.encoded(uid="2.25.1")
        assert time.process_time() - began < 5
        assert len(pydicom.dcmread(io.BytesIO(made)).file_meta.MediaStorageSOPClassUID) > 10


class TestForAnyReader:
    """B24"""

    def test_pixels_are_what_pydicom_decodes(
        self, client: Client, patient: Patient, bodies: list[bytes], tmp_path: Path
    ) -> None:
        a_copied_study(patient, bodies)
        data = downloaded(client, patient, form="plain")
        root = unpacked(data, tmp_path)
        compared = 0
        for number, body in enumerate(bodies):
            row = Instance.objects.get(series__series_number=number)
            before = pydicom.dcmread(io.BytesIO(body))
            (file,) = [one for one in (root / "DICOM").rglob("IM*") if uid_of(one) == row.sop_instance_uid]
            after = pydicom.dcmread(file)
            if not row.explicit_size:
                assert file.read_bytes()[128:] == body[128:]
                continue
            assert after.file_meta.TransferSyntaxUID.is_implicit_VR is False
            assert after.PatientID == before.PatientID
            if "PixelData" in before:
                compared += 1
                assert np.array_equal(after.pixel_array, before.pixel_array)
        assert compared

    def test_it_goes_on_in_the_middle(self, client: Client, patient: Patient, bodies: list[bytes]) -> None:
        a_copied_study(patient, bodies[:4])
        export = asked(client, patient, form="plain")
        whole = b"".join(client.get(file_of(export)))
        assert Export.objects.get().checksums
        for start in (1, len(whole) // 2, len(whole) - 200):
            answer = client.get(file_of(export), headers={"Range": f"bytes={start}-"})
            assert answer.status_code == 206
            assert b"".join(answer) == whole[start:]


def uid_of(file: Path) -> str:
    return str(pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID)


class TestTheIndex:
    def test_the_worker_describes_what_has_settled(self, patient: Patient, bodies: list[bytes]) -> None:
        from klisza.archive.services.describing import run_describe

        study = a_copied_study(patient, bodies[:3])
        assert run_describe() == 1
        assert run_describe() == 0
        rows = Instance.objects.filter(series__study=study)
        assert all(row.blob.crc32 is not None and row.directory_type == "IMAGE" for row in rows)
        assert all(
            {"PATIENT", "STUDY", "SERIES"} <= set(one.directory_records) for one in Series.objects.all()
        )
        Study.objects.update(described_revision=-1)  # rows of an earlier version
        assert run_describe() == 1

    def test_what_kills_the_reader_stays_without_a_record(self, patient: Patient, monkeypatch: Any) -> None:
        from klisza.base.errors import SandboxFailed

        def killed(*_: Any, **__: Any) -> None:
            raise SandboxFailed("crash")

        examination = an_examination(patient)
        monkeypatch.setattr("klisza.base.sandbox.call", killed)
        describe(Instance.objects.values_list("pk", flat=True))
        assert not Instance.objects.exclude(directory_type="").exists()
        assert not Instance.objects.filter(blob__crc32=None).exists()
        assert examination.pk


class TestHostileText:
    """R30, R33"""

    def test_it_stays_text_in_every_page(self, client: Client, patient: Patient, bodies: list[bytes]) -> None:
        study = a_copied_study(patient, bodies[:1])
        study.series.update(series_description="</script><script>alert(1)</script>\"'>")
        data = zipfile.ZipFile(io.BytesIO(downloaded(client, patient)))
        pages = [name for name in data.namelist() if name.endswith(".HTM")]
        assert {"INDEX.HTM", "IHE_PDI/INDEX.HTM"} <= set(pages)
        assert not [name for name in pages if b"<script>alert" in data.read(name)]
        assert b"&lt;script&gt;alert" in data.read("IHE_PDI/INDEX.HTM")
