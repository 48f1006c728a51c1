"""Klisza, Orthanc and nginx, each on ports and in a folder of its own, started for one run and ended after
it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

KLISZA = str(Path(sys.executable).with_name("klisza"))
ORTHANC_PLUGIN = ("/usr/share/orthanc/plugins", "/usr/lib/orthanc")
START_SECONDS = 180
TICKET = """
from klisza.archive.models import Series, Study
from klisza.archive import tickets
from klisza.base.ids import opaque_uid
study = Study.objects.get(study_instance_uid={uid!r}); series = study.series.get()
print("=" + tickets.issue(holder="bench", study_ids=[study.pk]), opaque_uid(study.pk), opaque_uid(series.pk),
      *(opaque_uid(i) for i in series.instances.order_by("instance_number").values_list("pk", flat=True)))
"""


class Missing(Exception):
    """A program that is needed for a row is not installed."""


def program(*names: str) -> str:
    for name in names:
        if found := shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin"):
            return found
    raise Missing(names[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(look: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.1)


def answers(url: str, headers: dict[str, str] | None = None) -> bool:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextlib.contextmanager
def started(
    command: list[str], folder: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Klisza:
    """The embedded default: `klisza up`, SQLite, a folder."""

    name, ae_title = "Klisza", "KLISZA"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.http, self.dicom, staff, metrics, hl7 = (free_port() for _ in range(5))
        self.root = f"http://127.0.0.1:{self.http}/dicom-web"
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("KLISZA_")}
        self.environment = inherited | {
            "KLISZA_DEMO": "1", "KLISZA_DATA_DIR": str(folder / "data"), "KLISZA_PUBLIC_URL": f"http://127.0.0.1:{self.http}",
            "KLISZA_WEB_BIND": f"127.0.0.1:{self.http}", "KLISZA_STAFF_BIND": f"127.0.0.1:{staff}",
            "KLISZA_METRICS_BIND": f"127.0.0.1:{metrics}", "KLISZA_DICOM_BIND": f"127.0.0.1:{self.dicom}",
            "KLISZA_HL7_BIND": f"127.0.0.1:{hl7}",
        }  # fmt: skip
        self.token = ""

    @contextlib.contextmanager
    def running(self) -> Iterator[Klisza]:
        self.folder.mkdir(parents=True)
        with started([KLISZA, "up"], self.folder, self.environment):
            wait_for(lambda: answers(f"http://127.0.0.1:{self.http}/healthz"), START_SECONDS, "Klisza")
            wait_for(lambda: listens(self.dicom), START_SECONDS, "Klisza's DICOM port")
            self.token = (
                self.command("client", "create", "bench", "--scope", "dicomweb:read").strip().splitlines()[-1]
            )
            yield self

    def settled(self, study_uid: str) -> bool:
        """Previews and metadata are made: the worker no longer takes time from what is measured next."""
        return answers(f"{self.root}/studies/{study_uid}/metadata", {"Authorization": f"Bearer {self.token}"})

    def addresses(self, study_uid: str) -> tuple[str, list[str]]:
        """(series address, frame addresses) under a fresh ticket, as the viewer gets them."""
        line = self.said(TICKET.format(uid=study_uid))
        ticket, study, series, *instances = line.split()
        base = f"{self.root}/t/{ticket}/studies/{study}/series/{series}"
        return base, [f"{base}/instances/{instance}/frames/1" for instance in instances]

    def said(self, script: str) -> str:
        """What a script run in `klisza shell` prints behind an equals sign."""
        lines = self.command("shell", "-c", script).splitlines()
        return next(line[1:] for line in lines if line.startswith("="))

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [KLISZA, *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"klisza {arguments[0]}: {done.stderr[-2000:]}")
        return done.stdout


class Orthanc:
    """Debian's Orthanc with its DICOMweb plugin, SQLite index, as installed; nothing synced to disk before
    it answers."""

    name, ae_title = "Orthanc", "ORTHANC"

    def __init__(self, folder: Path) -> None:
        self.folder, self.http, self.dicom = folder, free_port(), free_port()
        self.root = f"http://127.0.0.1:{self.http}/dicom-web"
        self.program = program("Orthanc")
        plugins = [
            path
            for place in ORTHANC_PLUGIN
            for path in Path(place).glob("libOrthancDicomWeb*")
            if path.exists()
        ]
        if not plugins:
            raise Missing("orthanc-dicomweb")
        self.plugin = str(plugins[0])

    @contextlib.contextmanager
    def running(self) -> Iterator[Orthanc]:
        self.folder.mkdir(parents=True)
        settings = {
            "Name": "bench", "StorageDirectory": str(self.folder / "data"),
            "IndexDirectory": str(self.folder / "data"),
            "Plugins": [self.plugin], "DicomAet": self.ae_title, "DicomPort": self.dicom,
            "HttpPort": self.http,
            "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "DicomAlwaysAllowStore": True,
            "DicomCheckCalledAet": False,
            "HttpThreadsCount": 50, "KeepAlive": True, "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }  # fmt: skip
        (self.folder / "orthanc.json").write_text(json.dumps(settings))
        with started([self.program, str(self.folder / "orthanc.json")], self.folder):
            wait_for(lambda: answers(f"http://127.0.0.1:{self.http}/system"), START_SECONDS, "Orthanc")
            yield self

    def version(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/system") as reply:
            return str(json.load(reply)["Version"])


class Nginx:
    """Static files: the least that any server can do to hand out these bytes."""

    name = "nginx static"

    def __init__(self, folder: Path) -> None:
        self.folder, self.http, self.program = folder, free_port(), program("nginx")

    @contextlib.contextmanager
    def running(self) -> Iterator[Nginx]:
        (self.folder / "frames").mkdir(parents=True)
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(
            f"{user} worker_processes 2; daemon off; pid {self.folder}/pid;"
            f"error_log {self.folder}/error.log;"
            f"events {{ worker_connections 512; }} http {{ access_log off; sendfile on; tcp_nopush on;"
            f"keepalive_requests 1000000; {temporary}"
            f"server {{ listen 127.0.0.1:{self.http}; root {self.folder}/frames; }} }}"
        )
        command = [
            self.program,
            "-e",
            str(self.folder / "error.log"),
            "-p",
            str(self.folder),
            "-c",
            str(self.folder / "nginx.conf"),
        ]
        with started(command, self.folder):
            wait_for(lambda: listens(self.http), START_SECONDS, "nginx")
            yield self


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
