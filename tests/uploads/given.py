"""Deliveries, files and a browser's requests for tests of handing in."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
import uuid
import zipfile
from typing import Any

from django.test import Client

from klisza.audit.actor import Actor
from klisza.patients.models import Patient
from klisza.standards.dicom.part10 import wrap
from klisza.uploads import services
from klisza.uploads.models import Delivery, HandedFile
from klisza.uploads.services import sorting
from klisza.uploads.services.listing import Entry, add_to_list
from tests.accounts.people import sign_in
from tests.examinations.given import a_patient
from tests.gateways.objects import EXPLICIT, dataset, encode

PERSON = Actor(kind="account", id="patient")
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = "application/offset+octet-stream"


def a_delivery(patient: Patient | None = None) -> Delivery:
    patient = patient or a_patient()
    assert patient.account is not None
    return services.delivery_for(patient=patient, account=patient.account, subject=uuid.uuid4())


def a_browser(delivery: Delivery) -> Client:
    client = Client()
    sign_in(client, delivery.account)
    return client


def listed(delivery: Delivery, *files: tuple[str, int], **more: Any) -> list[HandedFile]:
    """Announced; (path, size) of each."""
    entries = [Entry(path=path, size=size, **more) for path, size in files]
    ids = add_to_list(delivery=delivery, entries=entries, anew=False, by=PERSON)
    return [HandedFile.objects.get(pk=one) for one in ids]


def batch_of(*contents: tuple[HandedFile, bytes], sums: bool = True) -> bytes:
    rows = [
        [str(file.pk), len(data), hashlib.sha256(data).hexdigest() if sums else ""] for file, data in contents
    ]
    head = json.dumps(rows).encode()
    return struct.pack(">L", len(head)) + head + b"".join(data for _file, data in contents)


def send_batch(client: Client, delivery: Delivery, body: bytes) -> Any:
    return client.post(
        f"/uploads/list/{delivery.pk}/batch/", data=body, content_type="application/octet-stream"
    )


def handed_in(delivery: Delivery, *contents: tuple[str, bytes], **more: Any) -> list[HandedFile]:
    """Listed, sent and sorted."""
    files = listed(delivery, *((path, len(data)) for path, data in contents), **more)
    pairs = list(zip(files, (data for _path, data in contents), strict=True))
    assert send_batch(a_browser(delivery), delivery, batch_of(*pairs)).status_code == 200
    sort_all()
    return [HandedFile.objects.get(pk=file.pk) for file in files]


def sort_all() -> None:
    while sorting.sort_arrived():
        pass
    assert not sorting.turns.aside


def opened(client: Client, file: HandedFile, **headers: str) -> Any:
    """POST of tus: the answer."""
    words = {"Upload-Length": str(file.size), "Upload-Metadata": metadata(file=str(file.pk))}
    return client.post("/uploads/", headers=TUS | words | headers)


def metadata(**words: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in words.items())


def patch(client: Client, address: str, offset: int, data: bytes, **headers: str) -> Any:
    return client.patch(
        address, data=data, content_type=OCTETS, headers=TUS | {"Upload-Offset": str(offset)} | headers
    )


def dicom_file(**changes: object) -> bytes:
    """A whole file with preamble and meta group."""
    made = dataset(**changes)
    head = wrap(
        sop_class_uid=made.SOPClassUID, sop_instance_uid=made.SOPInstanceUID, transfer_syntax_uid=EXPLICIT
    )
    return head + encode(made)


def zip_of(*members: tuple[str, bytes], **more: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **more) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()
