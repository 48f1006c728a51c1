"""Messages from the hospital's systems, as the integration console shows them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from klisza.accounts.models import Account
from klisza.audit.models import AuditEvent
from klisza.gateways.models import Hl7Peer, InboundMessage, WorkItem
from klisza.notifications.models import Message
from klisza.patients.models import DeskTask, Patient
from tests.examinations.given import a_patient

from .desk import ADT, a_message, allowed, audited, page, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def engineer() -> Client:
    return signed_in("integration")


class TestTheList:
    def test_newest_first_with_answer_and_reason(self, engineer: Client) -> None:
        a_message(control_id="OLD-1")
        a_message(
            control_id="NEW-1", state="refused", answer="AE", code="101", location="PID^1^3", reason="no id"
        )
        text = page(engineer, "/staff/integration/")
        assert text.index("NEW-1") < text.index("OLD-1")
        assert all(word in text for word in ("AE", "101", "PID^1^3", "no id", "Refused"))

    def test_one_page_leads_to_the_older_ones(self, engineer: Client) -> None:
        rows = [a_message(control_id=f"M{number:03}") for number in range(101)]
        first = page(engineer, "/staff/integration/")
        assert "M100" in first
        assert "M000" not in first
        assert "M000" in page(engineer, f"/staff/integration/?before={rows[1].pk}")

    @pytest.mark.parametrize("state", ["held", "failed"])
    def test_waiting_and_failed_ones_have_lists(self, engineer: Client, state: str) -> None:
        a_message(control_id="THIS-1", state=state)
        a_message(control_id="OTHER-1")
        text = page(engineer, f"/staff/{state}/")
        assert "THIS-1" in text
        assert "OTHER-1" not in text

    def test_lists_are_for_their_roles_only(self) -> None:
        """R14"""
        assert allowed("/staff/integration/") == ["integration", "admin"]
        assert allowed("/staff/held/") == ["registration", "integration", "admin"]
        assert allowed("/staff/failed/") == ["integration", "admin"]


class TestSearch:
    @pytest.mark.parametrize(
        "asked",
        [
            {"control_id": "C-9"},
            {"accession_number": "A-9"},
            {"identifier": "P9"},
            {"identifier": "other|P9"},
        ],
    )
    def test_finds_by_each_of_the_numbers(self, engineer: Client, asked: dict[str, str]) -> None:
        a_message(control_id="C-9", accession_number="A-9", patient_key="other|P9", state="held")
        a_message(control_id="C-8", accession_number="A-8", patient_key="local|P8")
        text = engineer.post("/staff/integration/", asked).content.decode()
        assert "C-9" in text
        assert "C-8" not in text

    def test_is_recorded_without_its_words(self, engineer: Client) -> None:
        engineer.post("/staff/integration/", {"identifier": "44051401359"})
        event = AuditEvent.objects.get(action="messages.searched")
        assert "44051401359" not in event.reason
        assert event.reason.endswith(", 0 found")

    def test_by_address_finds_nothing(self, engineer: Client) -> None:
        """Numbers of patients stay out of addresses."""
        a_message(control_id="C-9", patient_key="local|P9")
        a_message(control_id="C-8", patient_key="local|P8")
        assert "C-8" in page(engineer, "/staff/integration/?identifier=P9")

    def test_needs_a_number(self, engineer: Client) -> None:
        assert "Enter a number to search for." in engineer.post("/staff/integration/").content.decode()


class TestOneMessage:
    def test_content_is_for_two_roles_only(self) -> None:
        row = a_message()
        path = f"/staff/integration/{row.uid}/"
        shown = {role for role in allowed(path) if "Żółta" in page(signed_in(role), path)}
        assert shown == {"registration", "integration", "admin"}
        assert allowed(path) == ["registration", "clinic", "radiology", "integration", "admin"]

    def test_each_look_at_content_is_recorded(self, engineer: Client) -> None:
        patient = a_patient("MRN-77")
        row = a_message()
        page(engineer, f"/staff/integration/{row.uid}/")
        page(signed_in("clinic"), f"/staff/integration/{row.uid}/")
        event = AuditEvent.objects.get(action="message.viewed")
        assert event.patient_id == patient.pk
        assert event.objects_json == [{"kind": "InboundMessage", "id": str(row.pk)}]

    def test_hostile_text_is_text(self, engineer: Client) -> None:
        """R30"""
        row = a_message("MSH|^~\\&|HIS\rPID|1||x||<script>alert(1)</script>", warnings=["<b>odd</b>"])
        text = page(engineer, f"/staff/integration/{row.uid}/")
        assert "<script>alert" not in text
        assert "<b>odd" not in text

    def test_latin_2_is_read_as_declared(self, engineer: Client) -> None:
        row = a_message()
        row.raw = "MSH|^~\\&|H|S|||||ADT^A28|C1|P|2.3||||||8859/2\rPID|1||x||Żółta".encode("iso8859-2")
        row.save()
        assert "Żółta" in page(engineer, f"/staff/integration/{row.uid}/")

    def test_long_segments_are_cut(self, engineer: Client) -> None:
        row = a_message("MSH|^~\\&|HIS\rOBX|1|ED|||" + "A" * 9000)
        text = page(engineer, f"/staff/integration/{row.uid}/")
        assert "A" * 1001 not in text
        assert "more characters" in text

    def test_the_desk_gets_to_the_patient(self) -> None:
        patient = a_patient("MRN-77")
        row = a_message()
        path = f"/staff/integration/{row.uid}/"
        assert f"/staff/patients/{patient.pk}/" in page(signed_in("registration"), path)
        assert f"/staff/patients/{patient.pk}/" not in page(signed_in("integration"), path)

    def test_unknown_message_is_not_found(self, engineer: Client) -> None:
        path = "/staff/integration/00000000-0000-7000-8000-000000000000/"
        assert engineer.get(path).status_code == 404
        assert audited("message.viewed") == 0


class TestTrying:
    def test_says_what_would_happen_and_keeps_nothing(self, engineer: Client) -> None:
        before = _rows()
        answer = engineer.post("/staff/integration/try/", {"text": ADT.replace("\r", "\r\n")})
        text = answer.content.decode()
        assert "MSA|AA|C1" in text
        assert "patients: 1 new" in text
        assert _rows() == before
        assert AuditEvent.objects.filter(agent_kind="staff").exclude(action="message.tried").count() == 0
        assert AuditEvent.objects.get(action="message.tried").reason == "AA"

    def test_says_why_it_would_be_refused(self, engineer: Client) -> None:
        text = engineer.post("/staff/integration/try/", {"text": "PID|1||x"}).content.decode()
        assert "MSA|AE" in text
        assert "not an HL7 message" in text

    def test_says_what_staff_would_have_to_do(self, engineer: Client) -> None:
        order = ADT.replace("ADT^A28^ADT_A05", "ORM^O01") + "ORC|NW|P1|F1\rOBR|1|P1|F1|CT1\r"
        text = engineer.post("/staff/integration/try/", {"text": order}).content.decode()
        assert "Waits for its patient" in text
        assert "Have the patient&#x27;s record sent (ADT)." in text

    def test_reads_it_as_its_sender_would_write_it(self, engineer: Client) -> None:
        Hl7Peer.objects.create(name="his", address="10.0.0.1", charset="CP1250", created_at=timezone.now())
        fields = {"text": ADT.replace("UNICODE UTF-8", "8859/1"), "peer": "his"}
        assert "MSA|AA" in engineer.post("/staff/integration/try/", fields).content.decode()

    def test_empty_box_tries_nothing(self, engineer: Client) -> None:
        assert engineer.post("/staff/integration/try/", {"text": ""}).status_code == 400
        assert audited("message.tried") == 0

    def test_who_may(self) -> None:
        """R14"""
        assert allowed("/staff/integration/try/") == ["integration", "admin"]
        assert signed_in("registration").post("/staff/integration/try/", {"text": ADT}).status_code == 403


class TestReplaying:
    def test_applies_a_failed_message(self, engineer: Client) -> None:
        row = a_message(state="failed", peer_name="his")
        answer = engineer.post(f"/staff/integration/{row.uid}/replay/", follow=True)
        row.refresh_from_db()
        assert (row.state, row.replays) == ("applied", 1)
        assert "State of the message now: Applied." in answer.content.decode()
        assert audited("message.replayed") == 1
        assert Patient.objects.get().family_name == "Żółta"

    def test_is_for_integration_and_no_link(self) -> None:
        row = a_message(state="failed")
        path = f"/staff/integration/{row.uid}/replay/"
        assert signed_in("registration").post(path).status_code == 403
        assert signed_in("integration").get(path).status_code == 405
        assert "Replay the message" not in page(signed_in("registration"), f"/staff/integration/{row.uid}/")


def _rows() -> dict[str, int]:
    models = (Patient, InboundMessage, WorkItem, Account, Message, DeskTask)
    return {model.__name__: model.objects.count() for model in models}
