"""What holds for every page of the console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern
from django.urls.converters import IntConverter, UUIDConverter
from django.utils import timezone

from klisza.archive.models import Peer
from klisza.audit.models import AuditEvent
from klisza.console.urls import urlpatterns
from klisza.examinations.models import Breach, Examination, StudyIntake
from klisza.gateways.models import Hl7Peer, WorkItem
from klisza.notifications.models import Message
from klisza.patients.models import DeskTask, GuardianProposal, Patient
from tests.examinations.given import a_patient, a_study

from .desk import a_message, signed_in

pytestmark = pytest.mark.django_db

HREF = re.compile(r'(?:href|action)="(/staff/[^"]*)"')
SAID = ("Nazwisko", "MRN-77", "ACC-55", "CTRL-9")
# Sessions are touched by every request, and looks are audited.
MAY_GROW = {"AuditEvent", "Session"}


@pytest.fixture
def everything() -> Patient:
    """One row for every list, all of one patient."""
    now = timezone.now()
    patient = a_patient("MRN-77", family_name="Nazwisko")
    row = a_message(accession_number="ACC-55", control_id="CTRL-9", state="held")
    a_message(state="failed")
    examination = Examination.objects.create(
        patient=patient, kind="MR", issuer="local", performed_at=now, created_at=now, updated_at=now,
        accession_number="ACC-55", visible=True, report="available", report_why="never",
    )  # fmt: skip
    WorkItem.objects.create(kind="no_order", message=row, patient=patient, created_at=now)
    DeskTask.objects.create(patient=patient, kind="two_accounts", created_at=now)
    Message.objects.create(
        channel="mail", kind="notice", sealed=b"", created_at=now, due_at=now, bounced_at=now,
        account_id=patient.account_id,
    )  # fmt: skip
    GuardianProposal.objects.create(patient=patient, family_name="Nazwisko", proposed_at=now)
    Breach.objects.create(patient=patient, examination=examination, cause="moved_study", noted_at=now)
    study = a_study(patient, accession_number="ACC-55")
    StudyIntake.objects.create(study=study, revision=1, outcome="unmatched", reason="name_differs", at=now)
    Hl7Peer.objects.create(name="his", address="10.0.0.1", created_at=now)
    Peer.objects.create(name="pacs", ae_title="PACS", address="10.0.0.2", port=104, created_at=now)
    return patient


def crawl(client: Client) -> Iterator[tuple[str, str]]:
    """Every page that links of the console lead to, with its text."""
    waiting, seen = ["/staff/"], set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(path)
        if answer.status_code == 405:  # the address of a button
            continue
        assert answer.status_code == 200, path
        text = answer.content.decode()
        waiting += HREF.findall(text)
        yield path, text


def test_addresses_hold_ids_only() -> None:
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        for converter in pattern.pattern.converters.values():
            assert isinstance(converter, UUIDConverter | IntConverter), pattern


def test_every_page_is_reached_and_says_no_name_in_its_address(everything: Patient) -> None:
    paths = [path for path, _ in crawl(signed_in("admin"))]
    assert len(paths) > 30
    assert not [path for path in paths if any(word in path for word in SAID)]
    assert not [
        path for path in paths if "?" in path and not re.search(r"\?(before|proposal)=[0-9a-f-]+", path)
    ]


def test_a_look_changes_nothing(everything: Patient) -> None:
    client = signed_in("admin")
    before = rows()
    for _ in crawl(client):
        pass
    assert rows() == before


def rows() -> dict[str, Any]:
    return {
        model.__name__: list(model._default_manager.order_by("pk").values())
        for model in apps.get_models()
        if model.__name__ not in MAY_GROW
    }


def test_searches_leave_no_words_in_the_audit(everything: Patient) -> None:
    client = signed_in("admin")
    client.post("/staff/", {"wanted": "MRN-77"})
    client.post("/staff/desk/", {"wanted": "Nazwisko 21.03.1958"})
    client.post("/staff/integration/", {"identifier": "MRN-77", "accession_number": "ACC-55"})
    said = " ".join(AuditEvent.objects.values_list("reason", flat=True))
    assert not any(word in said for word in SAID)
