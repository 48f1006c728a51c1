"""A patient's page: joined records, restrictions, the patient's own view; and invitations."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from klisza.audit.actor import SYSTEM
from klisza.audit.models import AuditEvent
from klisza.examinations.models import Examination
from klisza.patients import services
from klisza.patients.models import InvitationWave, Patient
from tests.examinations.given import a_patient

from .desk import allowed, audited, page, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> Client:
    return signed_in("registration")


class TestJoinedRecords:
    @pytest.fixture
    def pair(self) -> tuple[Patient, Patient]:
        first, second = a_patient(account=False), a_patient(account=False, given_name="Hanna")
        services.merge(survivor=first, other=second, by=SYSTEM)
        return first, second

    def test_are_separated_for_a_reason(self, clerk: Client, pair: tuple[Patient, Patient]) -> None:
        first, second = pair
        assert "Hanna" in page(clerk, f"/staff/patients/{first.pk}/")
        path = f"/staff/patients/{second.pk}/unmerge/"
        assert clerk.post(path).status_code == 400
        clerk.post(path, {"reason": "two sisters"})
        second.refresh_from_db()
        assert second.survivor_id is None
        assert AuditEvent.objects.get(action="patient.unmerged").reason == "two sisters"
        assert "taken back" in page(clerk, f"/staff/patients/{first.pk}/")

    def test_separating_is_for_the_registration(self, pair: tuple[Patient, Patient]) -> None:
        answer = signed_in("clinic").post(f"/staff/patients/{pair[1].pk}/unmerge/", {"reason": "two sisters"})
        assert answer.status_code == 403
        pair[1].refresh_from_db()
        assert pair[1].survivor_id is not None


class TestRestrictedRecords:
    def test_are_shown_again_for_a_reason(self, clerk: Client) -> None:
        patient = a_patient(account=False, restricted_reason="confidential")
        assert "special discretion" in page(clerk, f"/staff/patients/{patient.pk}/")
        path = f"/staff/patients/{patient.pk}/lift/"
        assert clerk.post(path).status_code == 400
        clerk.post(path, {"reason": "asked for it in writing"})
        event = AuditEvent.objects.get(action="patient.restriction_lifted")
        assert (event.reason, event.patient_id) == ("asked for it in writing", patient.pk)

    def test_lifting_is_for_the_registration(self) -> None:
        patient = a_patient(account=False, restricted_reason="deleted")
        answer = signed_in("clinic").post(f"/staff/patients/{patient.pk}/lift/", {"reason": "let me see"})
        assert answer.status_code == 403


class TestThePatientsOwnView:
    @pytest.fixture
    def anna(self) -> Patient:
        patient, now = a_patient(), timezone.now()
        for title, shown in (("Rezonans kolana", True), ("Ukryte badanie", False)):
            Examination.objects.create(
                patient=patient, kind="MR", title=title, issuer="local", performed_at=now, created_at=now,
                updated_at=now, visible=shown, images="available", images_from=now, images_why="at_once",
            )  # fmt: skip
        return patient

    def test_needs_a_reason_that_the_patient_can_read(self, clerk: Client, anna: Patient) -> None:
        """R14"""
        path = f"/staff/patients/{anna.pk}/examinations/"
        assert clerk.post(path).status_code == 400
        assert not AuditEvent.objects.filter(action="list.viewed").exists()
        text = clerk.post(path, {"reason": "call of the patient"}).content.decode()
        assert "Rezonans kolana" in text
        assert "Ukryte badanie" not in text
        event = AuditEvent.objects.get(action="list.viewed")
        assert (event.agent_kind, event.reason, event.patient_id) == ("staff", "call of the patient", anna.pk)

    def test_has_no_address_of_its_own(self, clerk: Client, anna: Patient) -> None:
        assert clerk.get(f"/staff/patients/{anna.pk}/examinations/").status_code == 405

    def test_examinations_lead_the_clinic_to_release(self, clerk: Client, anna: Patient) -> None:
        hidden = Examination.objects.get(title="Ukryte badanie")
        path = f"/staff/patients/{anna.pk}/"
        assert f"/staff/examinations/{hidden.pk}/" in page(signed_in("clinic"), path)
        assert f"/staff/examinations/{hidden.pk}/" not in page(clerk, path)


class TestInvitations:
    def test_start_and_stop(self, clerk: Client) -> None:
        fields = {"per_day": "50", "born_before": "1980-01-01"}
        assert clerk.post("/staff/waves/", fields).status_code == 302
        wave = InvitationWave.objects.get()
        assert "50 a day since" in page(clerk, "/staff/waves/")
        clerk.post(f"/staff/waves/{wave.pk}/stop/")
        wave.refresh_from_db()
        assert wave.stopped_at is not None
        assert (audited("wave.started"), audited("wave.stopped")) == (1, 1)

    @pytest.mark.parametrize("per_day", ["0", "", "many", "9999999"])
    def test_need_a_sensible_number(self, clerk: Client, per_day: str) -> None:
        assert clerk.post("/staff/waves/", {"per_day": per_day}).status_code == 400
        assert not InvitationWave.objects.exists()

    def test_who_may(self) -> None:
        """R14"""
        assert allowed("/staff/waves/") == ["registration", "admin"]
