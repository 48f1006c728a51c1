"""Run as a program by test_uploads.py: two completions with a chunk in flight, and a process that dies between."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import uuid

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klisza.config.settings")
django.setup()
# ruff: noqa: E402

from django.db import connection, transaction

from klisza.audit.models import AuditEvent
from klisza.uploads import services
from klisza.uploads.bodies import Body
from klisza.uploads.errors import ListClosed
from klisza.uploads.models import Delivery, HandedFile, Upload
from klisza.uploads.services import receiving
from tests.examinations.given import a_patient
from tests.uploads.given import PERSON, listed


def begun() -> tuple[Delivery, Upload]:
    patient = a_patient(uuid.uuid4().hex)
    assert patient.account is not None
    delivery = services.delivery_for(patient=patient, account=patient.account, subject=uuid.uuid4())
    file = listed(delivery, ("CD/IM1", 4))[0]
    return delivery, receiving.open_upload(file=file, account=patient.account, length=4)


class InFlight:
    """Its bytes come at the very moment at which both buttons are pressed."""

    def __init__(self, barrier: threading.Barrier) -> None:
        self.barrier = barrier

    def read(self, size: int, /) -> bytes:
        self.barrier.wait(30)
        return b"byte"


def race() -> dict[str, object]:
    delivery, upload = begun()
    barrier, outcomes = threading.Barrier(3), []

    def complete() -> None:
        row = Delivery.objects.get(pk=delivery.pk)
        barrier.wait(30)
        try:
            services.close(delivery=row, ending="upload", by=PERSON)
            outcomes.append("closed")
        except ListClosed:
            outcomes.append("already sent")
        finally:
            connection.close()

    def send() -> None:
        receiving.append(upload=upload, offset=0, body=Body(InFlight(barrier), 4))
        outcomes.append("sent")
        connection.close()

    threads = [threading.Thread(target=one) for one in (complete, complete, send)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return {"outcomes": sorted(outcomes)} | counted(delivery)


def die(when: str) -> None:
    """when: closing (before its commit) or arriving (the bytes are durable, their row is not)."""
    delivery, upload = begun()
    print(json.dumps({"delivery": str(delivery.pk), "upload": upload.pk}), flush=True)
    if when == "closing":
        with transaction.atomic():
            services.close(delivery=delivery, ending="upload", by=PERSON)
            os.kill(os.getpid(), signal.SIGKILL)
    services.close(delivery=delivery, ending="upload", by=PERSON)
    receiving._advance = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    receiving.append(upload=upload, offset=0, body=Body(open("/dev/zero", "rb"), 4))  # noqa: SIM115


def finish(delivery_id: str, key: str) -> dict[str, object]:
    """After the restart: complete (again), and send from where the server is."""
    delivery = Delivery.objects.get(pk=delivery_id)
    outcome = "closed"
    try:
        services.close(delivery=delivery, ending="upload", by=PERSON)
    except ListClosed:
        outcome = "already sent"
    upload = Upload.objects.get(pk=key)
    told = upload.offset
    receiving.append(upload=upload, offset=told, body=Body(open("/dev/zero", "rb"), 4 - told))  # noqa: SIM115
    return {"outcome": outcome, "told": told} | counted(delivery)


def counted(delivery: Delivery) -> dict[str, object]:
    delivery.refresh_from_db()
    events = AuditEvent.objects.filter(action="delivery.closed", objects_json__icontains=str(delivery.pk))
    files = HandedFile.objects.filter(delivery=delivery)
    return {"state": delivery.state, "closed": events.count(), "files": [file.state for file in files]}


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "die":
        die(*arguments)
    print(json.dumps(race() if what == "race" else finish(*arguments)))
