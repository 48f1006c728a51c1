"""Corrections as real peers send them: dcmtk's dcmsend, and Orthanc in whatever order it likes."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from tests.archive.arriving import again, study_of

from .door import HOST, Door, associate, c_store, folder, prepared, shared_door  # noqa: F401 - fixtures
from .objects import encode, note, part10


def _dcmsend(door: Door, place: Path, *made: Dataset) -> None:
    place.mkdir(exist_ok=True)
    for number, one in enumerate(made):
        (place / f"{number:03d}.dcm").write_bytes(part10(one))
    command = ["dcmsend", "-aec", "KLISZA", HOST, str(door.port), "--scan-directories", str(place)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    shutil.rmtree(place)


def _hidden(door: Door, *made: Dataset) -> list[str]:
    uids = ",".join(f"'{one.SOPInstanceUID}'" for one in made)
    rows = door.rows(
        f"SELECT sop_instance_uid, hidden_reason FROM archive_instance WHERE sop_instance_uid IN ({uids})"
    )
    found = dict(rows)
    return [found[str(one.SOPInstanceUID)] for one in made]


def _study(door: Door, made: Dataset, column: str) -> Any:
    uid = made.StudyInstanceUID
    return door.rows(f"SELECT {column} FROM archive_study WHERE study_instance_uid = '{uid}'")[0][0]


def test_dcmsend_brings_a_note_before_and_after(shared_door: Door, tmp_path: Path) -> None:  # noqa: F811
    late, early = study_of(3), study_of(3)

    _dcmsend(shared_door, tmp_path / "a", *late)
    _dcmsend(shared_door, tmp_path / "b", note("113038", *late[:2]))
    _dcmsend(shared_door, tmp_path / "c", note("113037", *early))
    _dcmsend(shared_door, tmp_path / "d", *early)

    assert _hidden(shared_door, *late) == ["wrong_patient", "wrong_patient", ""]
    assert _hidden(shared_door, *early) == ["safety"] * 3


def test_dcmsend_brings_a_fixed_study(shared_door: Door, tmp_path: Path) -> None:  # noqa: F811
    images = study_of(3)
    fixed = [again(one, PatientID="FIXED") for one in images]
    _dcmsend(shared_door, tmp_path / "a", *images)

    _dcmsend(shared_door, tmp_path / "b", *fixed[:2])
    assert _study(shared_door, images[0], "hidden_reason") == "mixed"

    _dcmsend(shared_door, tmp_path / "c", fixed[2])
    assert _study(shared_door, images[0], "patient_id") == "FIXED"
    assert shared_door.stored(fixed[0].SOPInstanceUID) == encode(fixed[0])


def test_a_study_does_not_settle_while_its_sender_is_connected(folder: Path) -> None:  # noqa: F811
    door = Door(folder, SETTLE_SECONDS="1").start()
    made = study_of(1)[0]

    def settles_in() -> float:
        text = str(_study(door, made, "settles_at"))
        return (datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()

    try:
        association = associate(door.port)
        c_store(association, encode(made), sop_class=made.SOPClassUID, sop_instance=made.SOPInstanceUID)
        time.sleep(2.5)
        assert settles_in() > 0
        association.release()
        time.sleep(1.5)
        assert settles_in() < 0
    finally:
        door.stop()


class Orthanc:
    """A whole PACS in a folder."""

    def __init__(self, place: Path, portal: int) -> None:
        self.http, dicom = _free_port(), _free_port()
        place.mkdir()
        (place / "orthanc.json").write_text(json.dumps({
            "Name": "PACS", "StorageDirectory": str(place), "IndexDirectory": str(place), "Plugins": [],
            "HttpPort": self.http, "DicomPort": dicom, "DicomAet": "ORTHANC", "RemoteAccessAllowed": False,
            "DicomModalities": {"portal": ["KLISZA", HOST, portal]}, "OverwriteInstances": True,
        }))  # fmt: skip
        self.process = subprocess.Popen(
            ["Orthanc", str(place / "orthanc.json")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.ask("/system")
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("Orthanc does not start")

    def ask(self, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"http://{HOST}:{self.http}{path}", body)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def send(self, *made: Dataset) -> None:
        """As one job, in Orthanc's own order."""
        ids = [self.ask("/instances", part10(one))["ID"] for one in made]
        job = json.dumps({"Resources": ids, "Synchronous": True}).encode()
        assert self.ask("/modalities/portal/store", job)["FailedInstancesCount"] == 0

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def orthanc(shared_door: Door, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:  # noqa: F811
    if shutil.which("Orthanc") is None:
        pytest.skip("Orthanc is not installed")
    running = Orthanc(tmp_path_factory.mktemp("pacs") / "orthanc", shared_door.port)
    yield running
    running.stop()


def test_orthanc_sends_a_note_with_its_images(orthanc: Orthanc, shared_door: Door) -> None:  # noqa: F811
    """It sends key objects first (hospital-integration.md 1.4)."""
    images = study_of(4)

    orthanc.send(note("113038", *images), *images)

    assert _hidden(shared_door, *images) == ["wrong_patient"] * 4
    assert _study(shared_door, images[0], "hidden_reason") == "wrong_patient"


def test_orthanc_sends_a_fixed_study(orthanc: Orthanc, shared_door: Door) -> None:  # noqa: F811
    images = study_of(4)
    orthanc.send(*images)

    orthanc.send(*[again(one, PatientID="FIXED2", PatientName="Kowal^Jan") for one in images])

    assert _study(shared_door, images[0], "patient_id") == "FIXED2"
    assert _study(shared_door, images[0], "hidden_reason") == "moved"
