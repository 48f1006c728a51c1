"""Examinations with real objects, and copies of them as a browser gets them."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pydicom
import pytest
from django.test import Client
from pydicom.uid import generate_uid

from klisza.archive.models import Series, Study
from klisza.blobs import services as blobs
from klisza.examinations import services as examinations
from klisza.exports.models import Export
from klisza.patients.models import Patient
from klisza.standards.dicom.part10 import split, wrap
from tests.examinations.given import SCRIPT, a_study, an_instance, the_examination


def files(samples: Path) -> list[Path]:
    """Part 10 objects of several classes and syntaxes."""
    found = sorted((samples / "dicom" / "modality").rglob("*.dcm"))
    return [file for file in found if file.read_bytes()[128:132] == b"DICM"][:12]


def as_stored(body: bytes) -> bytes:
    """The file that the archive makes of what it got: its own preamble and meta group, the data set untouched."""
    found = split(body)
    ds = pydicom.dcmread(io.BytesIO(body), stop_before_pixels=True)
    head = wrap(
        sop_class_uid=str(ds.SOPClassUID), sop_instance_uid=str(ds.SOPInstanceUID),
        transfer_syntax_uid=found.transfer_syntax_uid,
    )  # fmt: skip
    return head + body[found.offset :]


def a_copied_study(patient: Patient, bodies: list[bytes], **more: Any) -> Study:
    """One examination that holds these objects byte for byte, each in a series of its own."""
    study = a_study(patient, modalities=(), accession_number="ACC1", **more)
    for number, body in enumerate(bodies):
        ds = pydicom.dcmread(io.BytesIO(body), stop_before_pixels=True)
        series = Series.objects.create(
            study=study, series_instance_uid=str(ds.SeriesInstanceUID), modality=str(ds.get("Modality", "OT")),
            series_number=number,
        )  # fmt: skip
        an_instance(
            series, body, sop_instance_uid=str(ds.SOPInstanceUID), sop_class_uid=str(ds.SOPClassUID),
            transfer_syntax_uid=str(ds.file_meta.TransferSyntaxUID),
        )  # fmt: skip
    examinations.link_study(study=study, by=SCRIPT)
    return study


def a_large_study(patient: Patient, megabytes: int, *, files: int = 1) -> Study:
    """Bytes that look like DICOM at the beginning only."""
    study = a_study(patient, modalities=(), accession_number="ACC1")
    series = Series.objects.create(study=study, series_instance_uid=generate_uid(), modality="CT")
    for number in range(files):
        body = b"\0" * 128 + b"DICM" + bytes(megabytes * 1024 * 1024)
        an_instance(series, body, instance_number=number)
    blobs.checksums(series.instances.values_list("blob_id", flat=True))
    examinations.link_study(study=study, by=SCRIPT)
    return study


def dialog(patient: Patient) -> str:
    return f"/examinations/{the_examination(patient).pk}/download/"


def asked(client: Client, patient: Patient, **choices: Any) -> Export:
    """Through the dialog; the key stays in the client's cookie."""
    return asked_at(client, dialog(patient), **choices)


def copied(client: Client, address: str) -> Any:
    """The answer that streams the file asked for on this page."""
    return client.get(file_of(asked_at(client, address)))


def ask_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the stream may go on, before each of its pieces."""
    monkeypatch.setattr("klisza.exports.services.sending.GATE_SECONDS", 0.0)
    monkeypatch.setattr("klisza.standards.zip.layout.SMALL", 1)


def asked_at(client: Client, address: str, **choices: Any) -> Export:
    answer = client.post(address, {**as_offered(client, address), **choices})
    assert answer.status_code == 303, errors(answer.content.decode())
    found = re.search(r"/exports/([0-9a-f-]{36})/$", answer["Location"])
    assert found
    return Export.objects.get(pk=found[1])


def as_offered(client: Client, address: str) -> dict[str, Any]:
    """What the form says when nobody changes anything; without the viewer, whose pictures take long."""
    html = client.get(address).content.decode()
    checked: dict[str, list[str]] = {}
    for field in re.findall(r"<input[^>]*>", html):
        if " checked" in field:
            found = dict(re.findall(r'(name|value)="([^"]*)"', field))
            checked.setdefault(found["name"], []).append(found.get("value", "on"))
    assert checked.pop("viewer") == ["on"]
    return checked


def errors(html: str) -> str:
    return " ".join(re.findall(r'error"[^>]*>([^<]+)', html))


def file_of(export: Export) -> str:
    return f"/exports/{export.pk}/file/"


def downloaded(client: Client, patient: Patient, **choices: Any) -> bytes:
    answer = client.get(file_of(asked(client, patient, **choices)))
    assert answer.status_code == 200
    data = b"".join(answer)
    assert len(data) == int(answer["Content-Length"])
    return data


def unpacked(data: bytes, folder: Path) -> Path:
    (folder / "copy.zip").write_bytes(data)
    subprocess.run(["unzip", "-t", "-q", "copy.zip"], cwd=folder, check=True)
    zipfile.ZipFile(io.BytesIO(data)).extractall(folder / "copy")
    return folder / "copy"
