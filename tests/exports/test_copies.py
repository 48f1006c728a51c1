"""A copy of an examination: what was stored, a directory others read, an end when it is withdrawn."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pydicom
import pytest
from django.db import DatabaseError
from django.test import Client
from pydicom.fileset import FileSet

from klisza.accounts.models import Session
from klisza.archive.models import Instance, Series
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.examinations.models import Examination, ExaminationStudy
from klisza.exports import services
from klisza.exports.models import Export
from klisza.patients.models import Patient
from tests.accounts.people import sign_in
from tests.examinations.given import a_patient, a_report, an_instance, pdf

from .given import (
    a_copied_study,
    a_large_study,
    as_offered,
    as_stored,
    asked,
    dialog,
    downloaded,
    file_of,
    files,
    unpacked,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings(
        "ignore::UserWarning"
    ),  # real objects are not always by the book, and pydicom says so
]


@pytest.fixture(scope="module")
def bodies(samples: Path) -> list[bytes]:
    return [as_stored(file.read_bytes()) for file in files(samples)]


class TestACopy:
    """S33, S37"""

    def test_page_tells_what_comes(self, client: Client, patient: Patient, bodies: list[bytes]) -> None:
        a_copied_study(patient, bodies)
        html = client.get(dialog(patient)).content.decode()
        assert f"{len(bodies)} plik" in html
        assert not Export.objects.exists()

    def test_objects_are_what_was_stored(
        self, client: Client, patient: Patient, bodies: list[bytes], tmp_path: Path
    ) -> None:
        """But for the preamble, which may be a program (R29)."""
        report = pdf()
        a_copied_study(patient, [b"MZ" + bodies[0][2:], *bodies[1:]])
        a_report(patient, pdf=report)
        folder = unpacked(downloaded(client, patient), tmp_path)
        images = [file.read_bytes() for file in sorted((folder / "DICOM").rglob("IM*"))]
        assert images == [bytes(128) + body[128:] for body in bodies]
        assert (folder / "REPORT" / "REP00001.PDF").read_bytes() == report
        assert "TWOJE BADANIA" in (folder / "README.TXT").read_text("utf-8-sig")

    def test_pydicom_and_dcmtk_read_the_directory(
        self, client: Client, patient: Patient, bodies: list[bytes], tmp_path: Path
    ) -> None:
        a_copied_study(patient, bodies)
        folder = unpacked(downloaded(client, patient), tmp_path)
        found = FileSet(folder / "DICOMDIR")
        assert sorted(str(one.load().SOPInstanceUID) for one in found) == sorted(uids(bodies))
        dump = subprocess.run(["dcmdump", "DICOMDIR"], cwd=folder, check=True, capture_output=True).stdout
        assert dump.count(b"ReferencedSOPInstanceUIDInFile") == dump.count(b"[DICOM\\SE") == len(bodies)

    def test_names_are_neutral(self, client: Client, patient: Patient, bodies: list[bytes]) -> None:
        """N6, R33: nothing about the person or the examination."""
        a_copied_study(patient, bodies)
        answer = client.get(file_of(asked(client, patient)))
        assert answer["Content-Disposition"] == 'attachment; filename="badanie-2026-11-20.zip"'
        names = zipfile.ZipFile(io.BytesIO(b"".join(answer))).namelist()
        assert not [name for name in names if "KOWAL" in name.upper()]

    def test_a_damaged_object_costs_no_directory(
        self, client: Client, patient: Patient, bodies: list[bytes], tmp_path: Path
    ) -> None:
        a_copied_study(patient, bodies)
        an_instance(Series.objects.latest("series_number"), b"\0" * 128 + b"DICM" + b"\xff" * 40)
        folder = unpacked(downloaded(client, patient), tmp_path)
        assert len(list(FileSet(folder / "DICOMDIR"))) == len(bodies)
        assert "1 plik w folderze DICOM nie jest wymieniony" in (folder / "README.TXT").read_text("utf-8-sig")

    def test_only_chosen_series_go_along(self, client: Client, patient: Patient, bodies: list[bytes]) -> None:
        """B23"""
        study = a_copied_study(patient, bodies[:3])
        chosen = study.series.earliest("series_number")
        data = downloaded(client, patient, series=[str(chosen.pk)])
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
        assert [name for name in names if name.startswith("DICOM/")] == ["DICOM/SE000000/IM000000"]

    @pytest.mark.parametrize(
        ("what", "there", "missing"), [("images", "DICOMDIR", "REPORT"), ("reports", "REPORT", "DICOM")]
    )
    def test_images_or_report_alone(
        self, client: Client, patient: Patient, bodies: list[bytes], what: str, there: str, missing: str
    ) -> None:
        """B24"""
        a_copied_study(patient, bodies[:1])
        a_report(patient)
        names = zipfile.ZipFile(io.BytesIO(downloaded(client, patient, what=what))).namelist()
        assert [name for name in names if name.startswith(there)]
        assert not [name for name in names if name.startswith(missing)]

    def test_readme_says_what_is_left_out(
        self, client: Client, patient: Patient, bodies: list[bytes]
    ) -> None:
        a_copied_study(patient, bodies[:2])
        a_report(patient)
        Instance.objects.filter(pk=Instance.objects.earliest("received_at").pk).update(
            hidden_reason="quality"
        )
        Examination.objects.update(report_from=None)
        data = zipfile.ZipFile(io.BytesIO(downloaded(client, patient)))
        readme = data.read("README.TXT").decode("utf-8-sig")
        assert "Opisu, którego szpital jeszcze nie udostępnił" in readme
        assert "Obrazów, których szpital jeszcze nie udostępnił" in readme
        assert not [name for name in data.namelist() if name.startswith("REPORT")]

    def test_my_whole_record(self, client: Client, patient: Patient, bodies: list[bytes]) -> None:
        a_copied_study(patient, bodies[:1])
        a_report(patient)
        answer = client.post("/examinations/download/", as_offered(client, "/examinations/download/"))
        names = zipfile.ZipFile(io.BytesIO(b"".join(client.get(answer["Location"] + "file/")))).namelist()
        assert {"DICOMDIR", "DICOM/SE000000/IM000000", "REPORT/REP00001.PDF"} <= set(names)


def uids(bodies: list[bytes]) -> list[str]:
    return [str(pydicom.dcmread(io.BytesIO(body), stop_before_pixels=True).SOPInstanceUID) for body in bodies]


class TestWithdrawnOnTheWay:
    """N13, R53, R63"""

    @pytest.fixture(autouse=True)
    def asked_all_the_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("klisza.exports.services.sending.GATE_SECONDS", 0.0)

    def cut(self, client: Client, patient: Patient, change: Any) -> Export:
        a_large_study(patient, 2)
        export = asked(client, patient)
        stream = iter(client.get(file_of(export)))
        assert next(stream)
        change()
        with pytest.raises(NotFound):
            list(stream)
        export.refresh_from_db()
        return export

    def test_the_stream_ends_short(self, client: Client, patient: Patient) -> None:
        export = self.cut(client, patient, lambda: Examination.objects.update(visible=False))
        assert (export.outcome, bytes(export.password)) == ("stopped", b"")
        assert client.get(file_of(export)).status_code == 404

    def test_a_hidden_object_ends_it(self, client: Client, patient: Patient) -> None:
        self.cut(client, patient, lambda: Instance.objects.update(hidden_reason="wrong_patient"))

    def test_a_study_that_moved_ends_it(self, client: Client, patient: Patient) -> None:
        self.cut(client, patient, lambda: ExaminationStudy.objects.all().delete())

    def test_a_locked_account_gets_no_more(self, client: Client, patient: Patient) -> None:
        def lock() -> None:
            patient.account.state = "locked"
            patient.account.save()

        self.cut(client, patient, lock)

    def test_it_ends_with_the_session(self, client: Client, patient: Patient) -> None:
        self.cut(client, patient, lambda: Session.objects.all().delete())

    def test_it_ends_when_it_is_cancelled(self, client: Client, patient: Patient) -> None:
        a_large_study(patient, 2)
        export = asked(client, patient)
        stream = iter(client.get(file_of(export)))
        next(stream)
        assert client.post(f"/exports/{export.pk}/cancel/").status_code == 302
        with pytest.raises(NotFound):
            list(stream)
        assert AuditEvent.objects.filter(action="export.cancelled").exists()
        assert client.get(file_of(export)).status_code == 404

    def test_a_changed_examination_is_not_gone_on_with(self, client: Client, patient: Patient) -> None:
        """What is promised is one file; another one is asked for anew."""
        study = a_large_study(patient, 1)
        export = asked(client, patient)
        an_instance(study.series.get(), b"\0" * 128 + b"DICM")
        assert client.get(file_of(export)).status_code == 404
        export.refresh_from_db()
        assert export.outcome == "changed"


class TestPlacesAndRecord:
    def test_two_at_once_are_enough(self, client: Client, patient: Patient) -> None:
        a_large_study(patient, 1)
        running = [asked(client, patient) for _ in range(2)]
        third = client.post(dialog(patient), as_offered(client, dialog(patient)))
        assert (third.status_code, third["Retry-After"]) == (429, "60")
        assert "Trwają" in third.content.decode()
        b"".join(client.get(file_of(running[1])))
        assert asked(client, patient)

    def test_a_dead_one_frees_its_place(self, client: Client, patient: Patient) -> None:
        a_large_study(patient, 1)
        for _ in range(2):
            asked(client, patient)
        Export.objects.update(beat_at=clock.now() - 2 * services.SILENT)
        assert asked(client, patient)

    def test_a_newer_stream_takes_over(self, client: Client, patient: Patient, monkeypatch: Any) -> None:
        """A connection that hangs must not keep its owner from going on."""
        monkeypatch.setattr("klisza.exports.services.sending.GATE_SECONDS", 0.0)
        a_large_study(patient, 3)
        export = asked(client, patient)
        first = iter(client.get(file_of(export)))
        next(first)
        second = client.get(file_of(export))
        with pytest.raises(NotFound):
            list(first)
        assert len(b"".join(second)) == int(second["Content-Length"])

    def test_the_exact_list_is_recorded_before_the_first_byte(
        self, client: Client, patient: Patient, bodies: list[bytes]
    ) -> None:
        """R69"""
        a_copied_study(patient, bodies[:1])
        export = asked(client, patient)
        event = AuditEvent.objects.get(action="export.downloaded")
        assert event.patient_id == patient.pk
        assert export.fingerprint in event.reason
        listing = json.loads(gzip.decompress(bytes(export.listing)))
        (image,) = [row for row in listing if row[0].startswith("DICOM/")]
        instance = Instance.objects.get()
        assert image == ["DICOM/SE000000/IM000000", len(bodies[0]), instance.dataset_sha256, str(instance.pk)]

    def test_an_unwritten_record_stops_it(self, client: Client, patient: Patient, monkeypatch: Any) -> None:
        def broken(*args: Any, **kwargs: Any) -> None:
            raise DatabaseError

        a_large_study(patient, 1)
        monkeypatch.setattr("klisza.exports.services.beginning.record", broken)
        assert client.post(dialog(patient), as_offered(client, dialog(patient))).status_code == 503

    def test_an_examination_without_images_has_none(self, client: Client, patient: Patient) -> None:
        a_report(patient)
        assert client.get(dialog(patient)).status_code == 404

    def test_another_browser_gets_nothing(self, client: Client, patient: Patient) -> None:
        """R56: the key in the cookie opens it, the id alone does not."""
        a_large_study(patient, 1)
        export = asked(client, patient)
        stranger = Client()
        for path in ("", "file/", "progress/"):
            assert stranger.get(f"/exports/{export.pk}/{path}").status_code == 404
        other = a_patient()
        sign_in(stranger, other.account)
        assert stranger.get(file_of(export)).status_code == 404

    def test_asking_how_far_it_is_keeps_nobody_signed_in(self, client: Client, patient: Patient) -> None:
        """R49"""
        a_large_study(patient, 1)
        export = asked(client, patient)
        then = clock.now() - timedelta(minutes=5)
        Session.objects.update(seen_at=then)
        answer = client.get(f"/exports/{export.pk}/progress/", headers={"X-Question": "1"})
        assert answer.json()["state"] == "ready"
        assert Session.objects.get().seen_at == then
        b"".join(client.get(file_of(export)))
        assert Session.objects.get().seen_at > then

    def test_an_old_one_is_forgotten(self, client: Client, patient: Patient) -> None:
        """R56"""
        a_large_study(patient, 1)
        export = asked(client, patient, password="gęślą jaźń", again="gęślą jaźń")
        assert bytes(export.password)
        Export.objects.update(beat_at=clock.now() - timedelta(minutes=61))
        assert services.forget_old() == 1
        export.refresh_from_db()
        assert not bytes(export.password)
        assert not export.key_digest
        assert client.get(file_of(export)).status_code == 404
