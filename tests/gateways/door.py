"""A real `klisza dicom` process in a fresh data folder, and peers that talk to it over loopback."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_STORE

from tests.portal import empty_database

from .objects import CT, EXPLICIT, encode

SAMPLES = Path(os.environ.get("KLISZA_SAMPLES", Path(__file__).parents[3] / "shared" / "samples"))
needs_samples = pytest.mark.skipif(not (SAMPLES / "dicom").is_dir(), reason="KLISZA_SAMPLES is not there")
HOST = "127.0.0.1"
KLISZA = [sys.executable, "-m", "klisza.operations.cli"]


class Door:
    """The process; `settings` are KLISZA_ variables without the prefix."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        inherited = {name: text for name, text in os.environ.items() if not name.startswith("KLISZA_")}
        given = {
            "DATA_DIR": str(folder),
            "DICOM_BIND": f"{HOST}:0",
            "DICOM_OPEN": "1",
            "SUPPORT_EMAIL": "a@b.example",
            "SECRET_KEY": os.environ["KLISZA_SECRET_KEY"],
            **settings,
        }
        self.environment = inherited | {f"KLISZA_{name}": value for name, value in given.items()}
        self.environment["PYTHONFAULTHANDLER"] = "1"
        self.log = folder / "door.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self, *before: str) -> Door:
        """before: a command to run it under, such as strace."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*before, *KLISZA, "dicom"], env=self.environment, stderr=log, stdout=log
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            for line in self.log.read_text().splitlines():
                if '"dicom_listening"' in line:
                    self.port = json.loads(line)["port"]
                    return self
            time.sleep(0.02)
        raise AssertionError(self.log.read_text()[-2000:])

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # faulthandler writes where each thread stands
            self.process.wait()
            raise AssertionError(self.log.read_text()[-6000:]) from None

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*KLISZA, *arguments], env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def sweep(self) -> int:
        code = (
            "from datetime import timedelta as t; from klisza.blobs.services import sweep; print(sweep(t(0)))"
        )
        return int(self.run("shell", "--no-imports", "-c", code))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.folder / "klisza.sqlite3", timeout=30) as database:
            rows = database.execute(query).fetchall()
        database.close()
        return rows

    def stored(self, sop_instance_uid: str) -> bytes | None:
        """The data set of an instance as it lies in the archive."""
        found = self.rows(
            "SELECT blob_id, dataset_offset FROM archive_instance "
            f"WHERE sop_instance_uid = '{sop_instance_uid}'"
        )
        if not found:
            return None
        key, offset = found[0]
        return self.blob(key)[offset:]

    def kept_aside(self, data: bytes) -> bool:
        """Whether the quarantine holds exactly this data set."""
        digest = hashlib.sha256(data).hexdigest()
        found = self.rows(f"SELECT blob_id FROM archive_quarantined WHERE sha256 = '{digest}'")
        return bool(found) and self.blob(found[0][0]).endswith(data)

    def blob(self, key: str) -> bytes:
        return (self.folder / "blobs" / key[:2] / key[2] / key).read_bytes()

    def resident_kb(self) -> int:
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def files(self) -> set[str]:
        return {path.name for path in (self.folder / "blobs").rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated data folder to copy."""
    folder = tmp_path_factory.mktemp("prepared")
    shutil.copyfile(empty_database(), folder / "klisza.sqlite3")
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    shutil.copy(prepared / "klisza.sqlite3", tmp_path)
    return tmp_path


@pytest.fixture
def door(folder: Path) -> Iterator[Door]:
    """Open to every caller; one process for each test."""
    running = Door(folder).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def shared_door(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One process for a module whose tests do not disturb each other."""
    place = tmp_path_factory.mktemp("door")
    shutil.copy(prepared / "klisza.sqlite3", place)
    running = Door(place).start()
    yield running
    running.stop()


def associate(
    port: int, abstract: str = CT, syntaxes: list[str] | None = None, *, title: str = "SENDER"
) -> Any:
    ae = AE(title)
    ae.add_requested_context(abstract, syntaxes or [EXPLICIT])
    return ae.associate(HOST, port, ae_title="KLISZA")


def c_store(association: Any, data: bytes, *, sop_class: str, sop_instance: str) -> int:
    """Send bytes as they are; returns the status, -1 when the association broke."""
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = sop_class, sop_instance
    request.DataSet = BytesIO(data)
    association._reactor_checkpoint.clear()
    try:
        association.dimse.send_msg(request, association.accepted_contexts[0].context_id)
        _, answer = association.dimse.get_msg(block=True)
    finally:
        association._reactor_checkpoint.set()
    return -1 if answer is None else int(answer.Status)


def send(port: int, made: Dataset, syntax: str = EXPLICIT, *, data: bytes | None = None) -> int:
    """One instance over an association of its own; returns the status."""
    association = associate(port, made.SOPClassUID, [syntax])
    assert association.is_established
    try:
        payload = encode(made, syntax) if data is None else data
        return c_store(association, payload, sop_class=made.SOPClassUID, sop_instance=made.SOPInstanceUID)
    finally:
        association.release()


def echo(port: int, *, seconds: int = 5, called: str = "KLISZA", calling: str = "ECHOSCU") -> bool:
    command = [
        "echoscu",
        "-to",
        str(seconds),
        "-ta",
        str(seconds),
        "-aec",
        called,
        "-aet",
        calling,
        HOST,
        str(port),
    ]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


def connect(port: int) -> socket.socket:
    return socket.create_connection((HOST, port), timeout=10)
