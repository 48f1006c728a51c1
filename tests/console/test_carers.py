"""The desk with a document in the hand: carers, own contact, another number read back (N11, N17, R13, R14)."""

from __future__ import annotations

import re

import pytest
import time_machine
from django.test import Client

from klisza.accounts.models import ContactChange
from klisza.audit.models import AuditEvent
from klisza.patients.models import Grant, GuardianProposal
from tests.accounts.people import outbox
from tests.examinations.given import a_patient
from tests.patients.carers import BORN, a_child, given
from tests.patients.carers import a_carer as another_carer

from .desk import allowed, page, signed_in

pytestmark = pytest.mark.django_db
FIELDS = {
    "kind": "guardian",
    "carer_name": "Maria Kowalczyk",
    "email": "mama@example.org",
    "mobile": "600 300 400",
    "scope": "all",
    "document": "birth certificate",
    "reference": "1234",
}


@pytest.fixture
def clerk() -> Client:
    return signed_in("registration")


class TestCarers:
    def test_are_entered_with_a_document(self, clerk: Client) -> None:
        child = a_child()
        assert clerk.post(f"/staff/patients/{child.pk}/carers/", FIELDS).status_code == 302
        grant = Grant.objects.get()
        assert (grant.kind, grant.source, grant.document) == ("guardian", "desk", "birth certificate, 1234")
        assert AuditEvent.objects.get(action="grant.given").reason == "birth certificate, 1234"
        assert "Maria Kowalczyk" in page(clerk, f"/staff/patients/{child.pk}/carers/")

    @pytest.mark.parametrize("missing", ["document", "reference", "carer_name", "kind", "mobile"])
    def test_nothing_happens_without(self, clerk: Client, missing: str) -> None:
        child = a_child()
        answer = clerk.post(f"/staff/patients/{child.pk}/carers/", {**FIELDS, missing: ""})
        assert answer.status_code == 400
        assert not Grant.objects.exists()

    def test_a_proposal_is_taken_with_its_own_patient_only(self, clerk: Client) -> None:
        child, other = a_child(), a_child()
        proposal = GuardianProposal.objects.create(
            patient=child, family_name="Kowalczyk", given_name="Maria", relation="MTH",
            email="mama@example.org", mobile="+48600300400", proposed_at=child.created_at,
        )  # fmt: skip
        assert "mama@example.org" in page(clerk, f"/staff/patients/{child.pk}/carers/?proposal={proposal.pk}")
        data = {**FIELDS, "proposal": str(proposal.pk)}
        assert clerk.post(f"/staff/patients/{other.pk}/carers/", data).status_code == 404
        assert clerk.post(f"/staff/patients/{child.pk}/carers/", data).status_code == 302
        proposal.refresh_from_db()
        assert proposal.decision == "taken"

    def test_end_at_once_and_only_of_this_patient(self, clerk: Client) -> None:
        child, other = a_child(), a_child()
        grant = given(child, another_carer())
        assert clerk.post(f"/staff/patients/{other.pk}/carers/{grant.pk}/end/").status_code == 404
        clerk.post(f"/staff/patients/{child.pk}/carers/{grant.pk}/end/")
        grant.refresh_from_db()
        assert grant.end_reason == "desk"

    def test_who_may(self) -> None:
        """R14"""
        assert allowed(f"/staff/patients/{a_child().pk}/carers/") == ["registration", "admin"]


class TestOwnContact:
    def test_from_sixteen_on(self, clerk: Client) -> None:
        child = a_child()
        data = {
            "email": "jas@example.org",
            "mobile": "600100777",
            "document": "passport",
            "reference": "1234",
        }
        path = f"/staff/patients/{child.pk}/own-contact/"
        assert clerk.post(path, data).status_code == 400
        with time_machine.travel(f"{BORN.year + 16}-06-02 12:00:00Z"):
            assert signed_in("registration").post(path, data).status_code == 302
        child.refresh_from_db()
        assert child.account
        assert child.account.email == "jas@example.org"


class TestContact:
    def test_takes_effect_when_the_code_is_read_back(self, clerk: Client) -> None:
        anna = a_patient()
        assert anna.account
        path = f"/staff/patients/{anna.pk}/contact/"
        data = {"channel": "sms", "address": "600 100 555", "document": "passport", "reference": "1234"}
        assert clerk.post(path, {**data, "document": ""}).status_code == 400
        assert clerk.post(path, data).status_code == 302
        found = re.search(r"\b(\d{4,6})\b", outbox("sms")[-1]["text"])
        assert found
        code = found.group(1)
        assert code not in page(clerk, path)  # R45: the desk hears it from the patient
        wrong = clerk.post(path + "code/", {"channel": "sms", "code": "x"})
        assert wrong.status_code == 400
        assert clerk.post(path + "code/", {"channel": "sms", "code": code}).status_code == 302
        anna.account.refresh_from_db()
        assert anna.account.mobile == "+48600100555"
        event = AuditEvent.objects.get(action="contact.changed")
        assert (event.agent_kind, "passport, 1234" in event.reason) == ("staff", True)

    def test_the_owners_wish_is_not_the_desks(self, clerk: Client) -> None:
        from klisza.accounts.services import contact
        from tests.accounts.people import ANYBODY

        anna = a_patient()
        assert anna.account
        contact.ask(account=anna.account, channel="sms", address="600100555", origin="owner", by=ANYBODY)
        answer = clerk.post(f"/staff/patients/{anna.pk}/contact/code/", {"channel": "sms", "code": "1234"})
        assert answer.status_code == 404
        assert ContactChange.objects.get().tries == 0
