"""Shares for tests, and a guest's browser."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from django.test import Client

from klisza.audit.actor import Actor
from klisza.base import sealing
from klisza.examinations.models import Examination
from klisza.notifications.models import Message
from klisza.patients import queries as patients
from klisza.patients.models import Patient
from klisza.patients.viewer import Viewer
from klisza.sharing import services
from klisza.sharing.models import Share
from klisza.sharing.services import Wish
from tests.accounts.people import outbox
from tests.examinations.given import SCRIPT, a_patient, a_report, a_study
from tests.examinations.given import services as examinations

PIN = "493127"
DOCTOR = "doktor@example.org"
GUEST = Actor(kind="guest")


def with_results(
    patient: Patient, *, accession: str = "A1", modalities: tuple[str, ...] = ("CT",)
) -> Examination:
    study = a_study(patient, accession_number=accession, modalities=modalities)
    examinations.link_study(study=study, by=SCRIPT)
    a_report(patient, accession_number=accession, key=f"R{accession}")
    return _newest(patient)


def _newest(patient: Patient) -> Examination:
    return Examination.objects.filter(patient=patient).order_by("-pk")[0]


def owner(patient: Patient) -> Viewer:
    return patients.viewer_for(patient.account, Actor(kind="account", id=str(patient.account_id)))


def shared(patient: Patient, *which: Examination, **fields: Any) -> tuple[Share, str]:
    """(share, token of its link)."""
    wish: dict[str, Any] = {"email": DOCTOR, "pin": PIN, "lasts": timedelta(days=7)} | fields
    share, _pin = services.open_share(
        viewer=wish.pop("viewer", None) or owner(patient),
        wish=Wish(examination_ids=[one.pk for one in which], **wish),
    )
    return share, token_of(share)


def token_of(share: Share) -> str:
    texts = [mail["text"] for mail in outbox("mail") if "/s/" in mail["text"]]
    found = re.search(r"/s/([\w-]+)/", texts[-1])
    assert found
    return found.group(1)


def anna(accession: str = "A1") -> tuple[Patient, Examination]:
    patient = a_patient()
    return patient, with_results(patient, accession=accession)


class Browser:
    """A guest's; every one has its own cookies."""

    def __init__(self, **headers: Any) -> None:
        self.client = Client(**headers)

    def follow(self, token: str) -> Any:
        return self.client.get(f"/s/{token}/", follow=True)

    def enter(self, pin: str = PIN) -> Any:
        return self.client.post("/s/", {"pin": pin}, follow=True)

    def open(self, token: str, pin: str = PIN) -> Any:
        self.follow(token)
        return self.enter(pin)

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def post(self, path: str, **data: Any) -> Any:
        return self.client.post(path, data)


def screen_of(share: Share) -> str:
    return f"/s/open/{share.pk}/"


def viewer_of(share: Share, examination: Examination) -> str:
    return f"/s/open/{share.pk}/{examination.pk}/viewer/"


def messages(kind: str = "share") -> list[Message]:
    return list(Message.objects.filter(kind=kind).order_by("created_at", "pk"))


def text_of(message: Message | None) -> str:
    """What lies sealed in the outbox."""
    assert message is not None
    return json.loads(sealing.unseal(bytes(message.sealed), purpose="outbox"))["text"]
