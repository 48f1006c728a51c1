"""Mails that did not arrive go out once more."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from klisza.accounts.models import Account
from klisza.audit.models import AuditEvent
from klisza.base import sealing
from klisza.notifications import services as outbox
from klisza.notifications.models import Message
from klisza.patients.models import Patient
from klisza.patients.services.bounces import note_bounces
from tests.examinations.given import a_patient

from .desk import page, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> Patient:
    person = a_patient("MRN-1")
    assert person.account is not None
    Account.objects.filter(pk=person.account.pk).update(email="anna@example.org")
    Message.objects.all().delete()
    return person


def a_notice(person: Patient, **columns: Any) -> Message:
    body = {"to": "old@example.org", "subject": "s", "text": "t", "html": "h", "language": "pl"}
    now = timezone.now() - timedelta(days=3)
    values = {"state": "failed", "fault": "smtp 451", "attempts": 9, "finished_at": now, **columns}
    return Message.objects.create(
        channel="mail", kind="notice", account_id=person.account_id, created_at=now, due_at=now,
        sealed=sealing.seal(json.dumps(body).encode(), purpose=outbox.SEAL), **values,
    )  # fmt: skip


def path_of(person: Patient, message: Message) -> str:
    return f"/staff/patients/{person.pk}/again/{message.pk}/"


def test_the_same_message_goes_to_the_present_address(anna: Patient) -> None:
    """One row, hence one Message-ID: a copy that arrived after all is recognised."""
    message = a_notice(anna)
    clerk = signed_in("registration")
    assert path_of(anna, message) in page(clerk, f"/staff/patients/{anna.pk}/")
    clerk.post(path_of(anna, message))
    claimed = outbox.claim(channel="mail")
    assert claimed is not None
    assert (claimed.id, claimed.body["to"]) == (message.pk, "anna@example.org")
    event = AuditEvent.objects.get(action="message.sent_again")
    assert (event.patient_id, event.reason, event.agent_kind) == (anna.pk, "notice", "staff")


def test_it_is_tried_for_a_whole_day_again(anna: Patient) -> None:
    message = a_notice(anna)
    signed_in("clinic").post(path_of(anna, message))
    claimed = outbox.claim(channel="mail")
    assert claimed is not None
    outbox.not_sent(claimed, fault="smtp 451", permanent=False)
    message.refresh_from_db()
    assert message.state == "waiting"


def test_a_bounce_is_off_the_lists(anna: Patient) -> None:
    message = a_notice(anna, state="sent", bounced_at=timezone.now(), bounce_status="5.2.2")
    note_bounces()
    clerk = signed_in("registration")
    assert "A mail came back" in page(clerk, f"/staff/patients/{anna.pk}/")
    clerk.post(path_of(anna, message))
    assert "A mail came back" not in page(clerk, f"/staff/patients/{anna.pk}/")
    assert anna.family_name not in page(clerk, "/staff/bounces/")


@pytest.mark.parametrize("columns", [{"secret": True}, {"sealed": b""}])
def test_secrets_and_old_ones_cannot_go_again(anna: Patient, columns: dict[str, Any]) -> None:
    message = a_notice(anna)
    Message.objects.filter(pk=message.pk).update(**columns)
    clerk = signed_in("registration")
    assert "it held a secret or is too old" in page(clerk, f"/staff/patients/{anna.pk}/")
    assert clerk.post(path_of(anna, message)).status_code == 400


def test_what_arrived_is_not_sent_twice(anna: Patient) -> None:
    message = a_notice(anna, state="sent")
    assert signed_in("registration").post(path_of(anna, message)).status_code == 400


def test_not_to_a_closed_account_nor_of_another_patient(anna: Patient) -> None:
    message = a_notice(anna)
    other = a_patient("MRN-2")
    clerk = signed_in("registration")
    assert clerk.post(path_of(other, message)).status_code == 404
    Account.objects.filter(pk=anna.account_id).update(state="closed")
    assert clerk.post(path_of(anna, message)).status_code == 404


def test_who_may(anna: Patient) -> None:
    """R14"""
    message = a_notice(anna)
    for role in ("radiology", "integration", "privacy"):
        assert signed_in(role).post(path_of(anna, message)).status_code == 403
    message.refresh_from_db()
    assert message.state == "failed"
