"""A copy of the study as a ZIP, plain and with AES-256, beside Orthanc's archive, zip and 7z; megabytes a second.

By itself: python -m bench.copies
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import browser, data, load
from .servers import Klisza, Missing, Orthanc, program, wait_for

PASSWORD = "correct horse battery staple"
BEGIN = """
import uuid
from klisza.accounts.models import Account
from klisza.audit.actor import SYSTEM
from klisza.base.errors import NotFound
from klisza.exports import handing, services
from klisza.exports.options import Options
from klisza.patients import queries as patients
viewer = patients.viewer_for(Account.objects.get(email="bench@klisza.example"), SYSTEM)
try:
    begun = services.begin(viewer=viewer, session={session!r}, examination_ids=[uuid.UUID({examination!r})],
                           options=Options(viewer=False), password={password!r})
    print("=" + str(begun.export.pk), handing.COOKIE, begun.key)
except NotFound:
    print("=")
"""

Samples = dict[str, list[float]]
Row = Callable[..., dict[str, Any]]


def measure(
    klisza: Klisza, orthanc: Orthanc, mark: str, slices: Path, ours: Samples, theirs: Samples
) -> None:
    """One round; the images are there and settled."""
    session = klisza.said(browser.SIGN_IN).split()[1]
    examination = browser._examination(klisza, mark)
    for name, password in (("copy", ""), ("copy-aes", PASSWORD)):
        script = BEGIN.format(session=session, examination=examination, password=password)
        export, cookie, key = _begun(klisza, script)
        address = f"http://127.0.0.1:{klisza.http}/exports/{export}/file/"
        rate, first = _fetched(address, f"{cookie}={key}")
        ours[name].append(rate)
        ours[f"{name}-first"].append(first)
    theirs["copy-orthanc"].append(_fetched(_archive(orthanc, mark))[0])
    for name, command in _packers():
        theirs[name].append(_packed(command, slices))


def rows(ours: Samples, theirs: Samples, row: Row) -> list[dict[str, Any]]:
    """F6 is the one of performance.md that is a ratio; Orthanc compresses what it packs."""
    found = []
    for key, what, peer, mine, other, target in (
        ("F5", "copy as ZIP, stored", "Orthanc /archive", "copy", "copy-orthanc", 8.0),
        ("F5-zip", "copy as ZIP, stored", "zip -0", "copy", "zip", None),
        ("F5-7z", "copy as ZIP, stored", "7z -mx0", "copy", "7z", None),
        ("F6", "copy as ZIP, AES-256", "7z -mx0 -mem=AES256", "copy-aes", "7z-aes", 0.9),
    ):
        if ours[mine] and theirs[other]:
            found.append(
                row(key, what, peer, {other: theirs[other], mine: theirs[other]}, mine, "MB/s", target)
            )
    return found


def _begun(klisza: Klisza, script: str) -> list[str]:
    """As soon as the images are released."""
    found: list[str] = []

    def look() -> bool:
        found[:] = klisza.said(script).split()
        return bool(found)

    wait_for(look, 120, "the images to be released")
    return found


def _fetched(address: str, cookie: str = "") -> tuple[float, float]:
    """(megabytes a second, milliseconds to the first byte)."""
    command = [
        "curl",
        "-fsS",
        "-o",
        "/dev/null",
        "-w",
        "%{size_download} %{time_total} %{time_starttransfer}",
    ]
    done = subprocess.run(
        [*command, *(["-b", cookie] if cookie else []), address], check=True, capture_output=True, text=True
    )
    size, total, first = map(float, done.stdout.split())
    return size / total / 1e6, first * 1000


def _archive(orthanc: Orthanc, mark: str) -> str:
    base = f"http://127.0.0.1:{orthanc.http}"
    asked = urllib.request.Request(f"{base}/tools/lookup", data=data.study_uid(mark).encode())
    with urllib.request.urlopen(asked) as reply:
        (found,) = [one["ID"] for one in json.load(reply) if one["Type"] == "Study"]
    return f"{base}/studies/{found}/archive"


def _packers() -> list[tuple[str, list[str]]]:
    known = [
        ("zip", ["zip", "-0", "-q", "-r"]),
        ("7z", ["7z", "a", "-tzip", "-mx0", "-bd"]),
        ("7z-aes", ["7z", "a", "-tzip", "-mx0", "-mem=AES256", f"-p{PASSWORD}", "-bd"]),
    ]
    return [(name, command) for name, command in known if shutil.which(command[0])]


def _packed(command: list[str], slices: Path) -> float:
    size = sum(file.stat().st_size for file in slices.rglob("*.dcm"))
    with tempfile.TemporaryDirectory(dir=slices.parent) as folder:
        began = time.perf_counter()
        subprocess.run([*command, f"{folder}/copy.zip", str(slices)], check=True, capture_output=True)
        return size / (time.perf_counter() - began) / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.copies", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        for name in ("Orthanc", "dcmsend", "curl"):
            program(name)
    except Missing as missing:
        print(f"bench: {missing} is not installed")
        return 1
    ours: Samples = defaultdict(list)
    theirs: Samples = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="klisza-bench-") as name:
        folder = Path(name)
        parts = data.make(folder / "slices", 2)
        with Klisza(folder / "klisza").running() as klisza, Orthanc(folder / "orthanc").running() as orthanc:
            browser.register(klisza)
            for server in (klisza, orthanc):
                load.send(parts, ae_title=server.ae_title, port=server.dicom)
            wait_for(lambda: klisza.settled(data.study_uid(data.MARK)), 240, "previews and metadata")
            for _ in range(options.rounds):
                measure(klisza, orthanc, data.MARK, folder / "slices", ours, theirs)
    for key, samples in sorted({**ours, **theirs}.items()):
        unit = "ms" if key.endswith("-first") else "MB/s"
        print(f"{key:16} {statistics.median(samples):8.0f} {unit}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
