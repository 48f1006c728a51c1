"""Manual, M3.4 to M3.7: the copy, by a real browser, curl, 7z, dcmtk and another archive."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import shlex
import shutil
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from playwright.sync_api import expect

from tests.exports import pdi
from tests.portal import free_port

from .browser import DESKTOP, PHONE
from .test_axe import violations
from .test_m3_results import Results

PASSWORD = "Zażółć gęślą jaźń"
PREPARED = 120_000
M3_6 = "Zapamiętaj to hasło, ponieważ tylko przy jego użyciu będzie można później otworzyć plik z pobranym badaniem."


class Copies(Results):
    def when_the_dialog_is_opened(self) -> None:
        self.page.get_by_text("Akcje", exact=True).first.click()
        self.page.get_by_role("link", name="Export DICOM").first.click()
        self.page.wait_for_url(re.compile(r"/download/$"))

    def when_the_dialog_is_opened_from_the_viewer(self) -> None:
        self.when_the_viewer_is_opened()
        self.page.locator("#more > summary").click()
        self.page.get_by_role("link", name="Export DICOM").first.click()
        self.page.wait_for_url(re.compile(r"/download/$"))

    def when_it_is_confirmed(self) -> Path:
        with self.page.expect_download(timeout=PREPARED) as download:
            self.page.get_by_role("button", name="Pobierz", exact=True).click()
        self.name = download.value.suggested_filename
        return Path(download.value.path())

    def without_the_viewer(self) -> None:
        """Its pictures take their time; one story waits for them."""
        self.page.get_by_label("wraz z przeglądarką obrazów").uncheck()


class TestTheDialog(Copies):
    @pytest.mark.parametrize(
        "screen", [PHONE, pytest.param(DESKTOP, marks=pytest.mark.long)], ids=["phone", "desktop"]
    )
    def test_from_the_viewer_to_the_unpacked_copy(self, screen: dict[str, int], tmp_path: Path) -> None:
        """M3.4, M3.5, M3.7"""
        self.given_a_signed_in_patient(screen=screen)
        self.when_examination_is_opened()
        self.when_the_dialog_is_opened_from_the_viewer()
        expect(self.page.get_by_label("wraz z przeglądarką obrazów")).to_be_checked()
        self.then_nothing_is_wider_than_the_screen()
        file = self.when_it_is_confirmed()
        expect(self.page.get_by_text("Cały plik został wysłany")).to_be_visible()
        assert violations(self.page) == []
        self.then_nothing_is_wider_than_the_screen()
        zipfile.ZipFile(file).extractall(tmp_path)
        assert pdi.faults(tmp_path) == []
        assert len(list((tmp_path / "DICOM").rglob("IM*"))) == 59
        assert (tmp_path / "VIEWER").is_dir()

    def test_a_password_is_typed_twice(self) -> None:
        """M3.6"""
        self.given_a_signed_in_patient()
        self.when_examination_is_opened()
        self.when_the_dialog_is_opened()
        self.then_the_page_says(M3_6)
        self.page.get_by_label("Hasło", exact=True).fill(PASSWORD)
        self.page.get_by_label("To samo hasło jeszcze raz").fill("inne hasło")
        self.page.get_by_role("button", name="Pobierz", exact=True).click()
        expect(self.page.locator(".field-error").first).to_contain_text("Hasła się różnią")
        assert PASSWORD not in self.page.content()

    def test_seven_zip_opens_the_encrypted_copy(self, tmp_path: Path) -> None:
        """M3.6: a password with Polish letters; nothing of it stays in the data folder or the log."""
        if shutil.which("7z") is None:
            pytest.skip("7z is not installed (apt install p7zip-full)")
        self.given_a_signed_in_patient()
        self.when_examination_is_opened(1)
        self.when_the_dialog_is_opened()
        self.without_the_viewer()
        self.page.get_by_label("Hasło", exact=True).fill(PASSWORD)
        self.page.get_by_label("To samo hasło jeszcze raz").fill(PASSWORD)
        file = self.when_it_is_confirmed()
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        command = ["7z", "x", "-y", f"-p{PASSWORD}", f"-o{tmp_path}", str(file)]
        subprocess.run(command, check=True, capture_output=True, env=environment)
        assert pdi.faults(tmp_path) == []
        dump = subprocess.run(["dcmdump", "DICOMDIR"], cwd=tmp_path, check=True, capture_output=True).stdout
        assert dump.count(b"ReferencedSOPInstanceUIDInFile") == len(list((tmp_path / "DICOM").rglob("IM*")))
        assert self.name.startswith("badanie-")
        self.then_nobody_kept_the_password()

    def then_nobody_kept_the_password(self) -> None:
        assert PASSWORD not in self.portal.log.read_text("utf-8", "replace")
        data = self.portal.folder / "data"
        for file in [*data.glob("klisza.sqlite3*"), *data.rglob("*.log")]:
            assert PASSWORD.encode() not in file.read_bytes()


class TestACutDownload(Copies):
    def test_curl_goes_on_with_the_command_of_the_page(self, tmp_path: Path) -> None:
        """N5: the same SHA-256, although the connection broke; encrypted, too."""
        if shutil.which("curl") is None:
            pytest.skip("curl is not installed")
        self.given_a_signed_in_patient()
        self.when_examination_is_opened()
        self.when_the_dialog_is_opened()
        self.without_the_viewer()
        self.page.get_by_label("Hasło", exact=True).fill(PASSWORD)
        self.page.get_by_label("To samo hasło jeszcze raz").fill(PASSWORD)
        whole = self.when_it_is_confirmed().read_bytes()
        self.page.get_by_text("Wznawianie przerwanego pobierania").click()
        command = shlex.split(self.page.locator("#command").inner_text())
        part = tmp_path / self.name
        for kept in (1, len(whole) // 3, len(whole) - 5):
            part.write_bytes(whole[:kept])
            subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
            assert hashlib.sha256(part.read_bytes()).digest() == hashlib.sha256(whole).digest()

    def test_ranges_are_what_was_asked_for(self) -> None:
        """Range and If-Range (RFC 9110); the first byte comes at once."""
        self.given_a_signed_in_patient()
        self.when_examination_is_opened()
        self.when_the_dialog_is_opened()
        self.without_the_viewer()
        whole = self.when_it_is_confirmed().read_bytes()
        address = self.page.url + "file/"

        def ask(**headers: str) -> Any:
            return self.page.request.get(
                address, headers={name.replace("_", "-"): text for name, text in headers.items()}
            )

        full = ask()
        assert full.body() == whole
        assert (full.headers["content-length"], full.headers["accept-ranges"]) == (str(len(whole)), "bytes")
        tag = full.headers["etag"]
        part = ask(Range="bytes=1000-1999", If_Range=tag)
        assert (part.status, part.body()) == (206, whole[1000:2000])
        assert part.headers["content-range"] == f"bytes 1000-1999/{len(whole)}"
        assert ask(Range="bytes=-100").body() == whole[-100:]
        assert ask(Range="bytes=1000-", If_Range='"other"').status == 200
        assert ask(Range=f"bytes={len(whole)}-").status == 416


class TestAnotherArchiveTakesItIn(Copies):
    def test_orthanc_imports_the_zip(self, tmp_path: Path) -> None:
        if shutil.which("Orthanc") is None:
            pytest.skip("orthanc is not installed")
        self.given_a_signed_in_patient()
        self.when_examination_is_opened(1)
        self.when_the_dialog_is_opened()
        self.without_the_viewer()
        file = self.when_it_is_confirmed()
        archive = zipfile.ZipFile(file)
        sent = {
            str(pydicom.dcmread(io.BytesIO(archive.read(name)), stop_before_pixels=True).SOPInstanceUID)
            for name in archive.namelist()
            if name.startswith("DICOM/")
        }
        with orthanc(tmp_path) as address:
            answer = self.page.request.post(f"{address}/instances", data=file.read_bytes())
            assert answer.ok
            known = self.page.request.get(f"{address}/instances?expand").json()
        assert {one["MainDicomTags"]["SOPInstanceUID"] for one in known} == sent
        self.foreign.clear()  # that other archive


@contextlib.contextmanager
def orthanc(folder: Path) -> Iterator[str]:
    port = free_port()
    (folder / "orthanc.json").write_text(
        f'{{"HttpPort": {port}, "DicomServerEnabled": false, "RemoteAccessAllowed": false, "Plugins": [],'
        f' "AuthenticationEnabled": false, "StorageDirectory": "{folder}/db", "IndexDirectory": "{folder}/db"}}'
    )
    process = subprocess.Popen(
        ["Orthanc", str(folder / "orthanc.json")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


class TestTheWholeRecord(Copies):
    def test_everything_in_one_file(self, tmp_path: Path) -> None:
        self.given_a_signed_in_patient()
        self.page.get_by_role("link", name="Pobierz wszystkie moje badania").click()
        self.then_the_heading_is("Wszystkie moje badania")
        self.without_the_viewer()
        zipfile.ZipFile(self.when_it_is_confirmed()).extractall(tmp_path)
        assert pdi.faults(tmp_path) == []
        records = pydicom.dcmread(tmp_path / "DICOMDIR").DirectoryRecordSequence
        assert sum(record.DirectoryRecordType == "STUDY" for record in records) == 4
