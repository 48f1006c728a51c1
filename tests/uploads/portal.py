"""A delivery of a running portal, and a sender like the browser's script: what it asks for, it asks the server."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.portal import ROOT, Portal

BEGIN = """
import sys, uuid
import django
django.setup()
from klisza.patients.models import Patient
from klisza.uploads import services
from klisza.audit.actor import SYSTEM
patient = Patient.objects.get(account__email=sys.argv[1])
delivery = services.delivery_for(patient=patient, account=patient.account, subject=uuid.uuid4())
print(delivery.pk)
"""
CLOSE = """
import sys
import django
django.setup()
from klisza.audit.actor import SYSTEM
from klisza.uploads import services
from klisza.uploads.models import Delivery
services.close(delivery=Delivery.objects.get(pk=sys.argv[1]), ending="upload", by=SYSTEM)
"""
SUMS = """
import sys, hashlib
import django
django.setup()
from klisza.uploads import storage
from klisza.uploads.models import HandedFile
for file in HandedFile.objects.filter(delivery=sys.argv[1], parent=None):
    digest = hashlib.sha256()
    for piece in storage.pieces(file.staged, file.staged_offset, file.size) if file.staged else ():
        digest.update(piece)
    print(file.path, file.sha256 or digest.hexdigest())
"""
SMALL = 1024 * 1024
PIECE = 8 * 1024 * 1024


def run(portal: Portal, script: str, *arguments: str) -> str:
    environment = portal.environment | {
        "DJANGO_SETTINGS_MODULE": "klisza.config.settings",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def begin(portal: Portal, email: str) -> str:
    return run(portal, BEGIN, email)


def close(portal: Portal, delivery: str) -> None:
    run(portal, CLOSE, delivery)


def sums_at_the_server(portal: Portal, delivery: str) -> dict[str, str]:
    lines = run(portal, SUMS, delivery).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines)


def sums_of(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in contents_of(folder).items()}


def contents_of(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"{folder.name}/{path.relative_to(folder)}": path.read_bytes() for path in files}


# A request whose line was cut has the upload, and moves it on, until the server notices: ask where it stands.
CUT = (409, 423)


class Sender:
    """Counts what it sends: `sent` against what there was tells how much went twice."""

    def __init__(self, portal: Portal, cookies: list[dict[str, object]], delivery: str) -> None:
        self.base = f"{portal.url}/uploads/list/{delivery}/"
        self.http = httpx.Client(base_url=portal.url, timeout=60, verify=False)
        for cookie in cookies:
            self.http.cookies.set(str(cookie["name"]), str(cookie["value"]))
        self.sent = 0

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.http.close()

    def standing(self) -> dict[str, dict]:
        told = self.http.get(self.base, headers={"Accept": "application/json"})
        told.raise_for_status()
        self.http.headers["X-CSRFToken"] = told.json()["token"]
        self.http.headers["Referer"] = str(self.http.base_url)
        return {file["name"]: file for file in told.json()["files"]}

    def announce(self, contents: dict[str, bytes]) -> None:
        files = [{"path": path, "size": len(data)} for path, data in contents.items()]
        self.standing()
        answer = self.http.post(self.base, json={"anew": True, "files": files})
        answer.raise_for_status()

    def send(self, contents: dict[str, bytes], *, piece: int = PIECE) -> None:
        """All that the server waits for; raises httpx.HTTPError when the line or the server goes away."""
        known = self.standing()
        small: list[tuple[str, bytes]] = []
        for path, data in contents.items():
            file = known[path.rpartition("/")[2]]
            if file["state"] != "waiting":
                continue
            if len(data) > SMALL:
                self._large(file, data, piece)
            else:
                small.append((file["id"], data))
            if sum(len(one) for _id, one in small) > PIECE - SMALL:
                self._batch(small)
                small = []
        if small:
            self._batch(small)

    def _batch(self, files: list[tuple[str, bytes]]) -> None:
        rows = [[one, len(data), hashlib.sha256(data).hexdigest()] for one, data in files]
        head = json.dumps(rows).encode()
        body = struct.pack(">L", len(head)) + head + b"".join(data for _id, data in files)
        self.sent += sum(len(data) for _id, data in files)
        self.http.post(
            f"{self.base}batch/", content=body, headers={"Content-Type": "application/octet-stream"}
        ).raise_for_status()

    def open(self, file: dict, size: int) -> tuple[str, int]:
        """(address of its upload, where it goes on)."""
        word = base64.b64encode(file["id"].encode()).decode()
        words = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": f"file {word}"}
        made = self.http.post("/uploads/", headers=words)
        made.raise_for_status()
        return str(made.headers["Location"]), int(made.headers["Upload-Offset"])

    def _large(self, file: dict, data: bytes, piece: int) -> None:
        tus = {"Tus-Resumable": "1.0.0"}
        address, offset = file["upload"], file["offset"]
        if not address:
            address, offset = self.open(file, len(data))
        assert re.fullmatch(r"/uploads/[0-9a-f]{32}", address)
        deadline = time.monotonic() + 60
        while offset < len(data):
            part = data[offset : offset + piece]
            headers = tus | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            answer = self.http.patch(address, content=part, headers=headers)
            if answer.status_code in CUT and time.monotonic() < deadline:
                time.sleep(0.2)
                answer = self.http.head(address, headers=tus)
            else:
                self.sent += len(part)
            answer.raise_for_status()
            offset = int(answer.headers["Upload-Offset"])
