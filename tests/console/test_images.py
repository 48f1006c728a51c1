"""Whose images are these? (R60)"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from klisza.archive.models import Study, Tombstone
from klisza.audit.models import AuditEvent
from klisza.examinations.models import Examination, ExaminationStudy, StudyDecision, StudyIntake
from klisza.patients.models import Patient
from tests.archive.arriving import again, store, study_of, the_study
from tests.examinations.given import BORN, a_patient, a_study

from .desk import allowed, audited, page, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def radiology() -> Client:
    return signed_in("radiology")


@pytest.fixture
def anna() -> Patient:
    return a_patient("MRN-1")


def unmatched(**columns: Any) -> Study:
    values = {"patient_id": "X1", "patient_name": "Kowalczyk^Anna", "patient_birth_date": BORN}
    study = a_study(None, **{**values, **columns})
    StudyIntake.objects.create(
        study=study, revision=1, outcome="unmatched", reason="unknown_patient", at=timezone.now()
    )
    return study


class TestCandidates:
    def test_same_person_is_proposed(self, radiology: Client, anna: Patient) -> None:
        text = page(radiology, f"/staff/studies/{unmatched().pk}/")
        assert "has the same name and date of birth" in text
        assert f'value="{anna.pk}"' in text

    def test_same_number_of_another_issuer_is_proposed(self, radiology: Client) -> None:
        a_patient("X1", family_name="Inna", birth_date=date(1990, 1, 1))
        text = page(radiology, f"/staff/studies/{unmatched(issuer='other').pk}/")
        assert "has the same number from another issuer" in text
        assert "Reason (needed: the date of birth differs)" in text

    def test_others_are_found_by_a_search_that_leaves_no_words(
        self, radiology: Client, anna: Patient
    ) -> None:
        study = unmatched(patient_name="Ktoś^Inny", patient_birth_date=None)
        assert str(anna.pk) not in page(radiology, f"/staff/studies/{study.pk}/")
        answer = radiology.post(f"/staff/studies/{study.pk}/", {"wanted": "MRN-1"})
        assert str(anna.pk) in answer.content.decode()
        assert "MRN-1" not in AuditEvent.objects.get(action="staff.searched").reason


class TestDeciding:
    def test_one_click_assigns(self, radiology: Client, anna: Patient) -> None:
        study = unmatched()
        radiology.post(f"/staff/studies/{study.pk}/assign/", {"patient": str(anna.pk)})
        link = ExaminationStudy.objects.get(study=study)
        assert (link.examination.patient, link.how) == (anna, "staff")
        assert audited("study.assigned") == 1

    def test_one_click_joins_an_examination(self, radiology: Client, anna: Patient) -> None:
        now = timezone.now()
        order = Examination.objects.create(
            patient=anna, kind="MR", issuer="local", performed_at=now, created_at=now, updated_at=now
        )
        study = unmatched(study_date=timezone.localdate())
        assert f'value="{order.pk}"' in page(radiology, f"/staff/studies/{study.pk}/")
        radiology.post(
            f"/staff/studies/{study.pk}/assign/", {"patient": str(anna.pk), "examination": str(order.pk)}
        )
        assert ExaminationStudy.objects.get(study=study).examination == order

    def test_another_birth_date_needs_a_reason(self, radiology: Client, anna: Patient) -> None:
        study = unmatched(patient_birth_date=date(1990, 1, 1))
        radiology.post(f"/staff/studies/{study.pk}/assign/", {"patient": str(anna.pk)})
        assert not StudyDecision.objects.exists()
        fields = {"patient": str(anna.pk), "reason": "typing error at the console"}
        radiology.post(f"/staff/studies/{study.pk}/assign/", fields)
        assert StudyDecision.objects.get().reason == "typing error at the console"

    def test_rejecting_needs_a_reason(self, radiology: Client) -> None:
        study = unmatched()
        assert radiology.post(f"/staff/studies/{study.pk}/reject/").status_code == 400
        radiology.post(f"/staff/studies/{study.pk}/reject/", {"why": "nobody", "reason": "a phantom"})
        assert StudyIntake.objects.get(study=study).outcome == "rejected"
        assert audited("study.rejected") == 1

    def test_a_decision_can_be_taken_back(self, radiology: Client) -> None:
        study = unmatched()
        radiology.post(f"/staff/studies/{study.pk}/reject/", {"why": "nobody", "reason": "a phantom"})
        assert "Take the decision back" in page(radiology, f"/staff/studies/{study.pk}/")
        radiology.post(f"/staff/studies/{study.pk}/unassign/")
        assert not StudyDecision.objects.exists()

    def test_who_may(self, anna: Patient) -> None:
        """R14"""
        study = unmatched()
        assert allowed(f"/staff/studies/{study.pk}/") == ["registration", "radiology", "integration", "admin"]
        for verb in ("assign", "reject", "unassign", "restore", "settle"):
            path = f"/staff/studies/{study.pk}/{verb}/"
            assert signed_in("clinic").post(path, {"patient": str(anna.pk)}).status_code == 403
            assert signed_in("radiology").get(path).status_code == 405
        assert not StudyDecision.objects.exists()


class TestRuling:
    """What the department says of its images, when it does not (1.5): said here by radiology or integration."""

    @pytest.fixture
    def integration(self) -> Client:
        return signed_in("integration")

    @pytest.fixture
    def shown_study(self, anna: Patient) -> Study:
        study = a_study(anna)
        assert not study.hidden_reason
        return study

    def reject(self, client: Client, study: Study, why: str) -> None:
        client.post(f"/staff/studies/{study.pk}/reject/", {"why": why, "reason": "the modality was broken"})
        study.refresh_from_db()

    def test_images_are_taken_back_as_by_a_note(self, integration: Client, shown_study: Study) -> None:
        self.reject(integration, shown_study, "wrong_patient")
        assert shown_study.hidden_reason == "wrong_patient"
        assert Tombstone.objects.values_list("code", flat=True).distinct().get() == "113038"
        event = AuditEvent.objects.get(action="study.decided")
        assert (event.agent_kind, event.reason) == ("staff", "wrong_patient: the modality was broken")

    def test_a_rejection_is_taken_back(self, integration: Client, shown_study: Study) -> None:
        self.reject(integration, shown_study, "quality")
        text = page(integration, f"/staff/studies/{shown_study.pk}/")
        assert "Rejected for bad quality" in text
        assert "by staff in the portal" in text
        note = Tombstone.objects.first()
        assert note is not None
        path = f"/staff/studies/{shown_study.pk}/restore/"
        integration.post(path, {"note": note.note_uid})
        shown_study.refresh_from_db()
        assert shown_study.hidden_reason == "quality", "no reason, no change"
        integration.post(path, {"note": note.note_uid, "reason": "it was another study"})
        shown_study.refresh_from_db()
        assert shown_study.hidden_reason == ""
        assert audited("study.decided") == 2

    def test_a_note_of_another_study_is_not_found(self, integration: Client, shown_study: Study) -> None:
        other = a_study(None, patient_id="X7")
        self.reject(integration, other, "quality")
        note = Tombstone.objects.filter(study_instance_uid=other.study_instance_uid).first()
        assert note is not None
        fields = {"note": note.note_uid, "reason": "it was another study"}
        path = f"/staff/studies/{shown_study.pk}/restore/"
        assert integration.post(path, fields).status_code == 404

    def test_the_desk_only_says_that_they_are_nobodys(self, shown_study: Study) -> None:
        desk = signed_in("registration")
        assert 'name="why"' not in page(desk, f"/staff/studies/{shown_study.pk}/")
        self.reject(desk, shown_study, "safety")
        assert shown_study.hidden_reason == ""
        assert StudyIntake.objects.get(study=shown_study).outcome == "rejected"
        for verb in ("restore", "settle"):
            assert desk.post(f"/staff/studies/{shown_study.pk}/{verb}/").status_code == 403


class TestDisagreement:
    """Images of one study name two patients, and the PACS sends no more."""

    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path, settings: object) -> None:
        settings.STORAGE_URL = f"file://{tmp_path}/blobs"  # type: ignore[attr-defined]

    @pytest.fixture
    def mixed(self) -> Study:
        images = study_of(2)
        store(*images, again(images[0], PatientID="MRN2", PatientName="Kowal^Jan"))
        study = the_study(images[0])
        assert study.hidden_reason == "mixed"
        return study

    def test_page_names_both(self, radiology: Client, mixed: Study) -> None:
        text = page(radiology, f"/staff/studies/{mixed.pk}/")
        assert "The images of this study name two patients" in text
        assert "As sent again: Jan Kowal" in text

    @pytest.mark.parametrize(("patient", "owner", "state"), [("old", "MRN1", ""), ("new", "MRN2", "moved")])
    def test_staff_end_it(
        self, radiology: Client, mixed: Study, patient: str, owner: str, state: str
    ) -> None:
        path = f"/staff/studies/{mixed.pk}/settle/"
        assert radiology.post(path, {"patient": patient}).status_code == 400
        assert radiology.post(path, {"patient": patient, "reason": "asked the department"}).status_code == 302
        mixed.refresh_from_db()
        assert (mixed.patient_id, mixed.hidden_reason) == (owner, state)
        assert audited("study.decided") == 1


def test_corrected_studies_are_listed_with_their_state(radiology: Client) -> None:
    a_study(None, patient_id="X9", hidden_reason="wrong_patient")
    a_study(None, patient_id="X8", hidden_reason="mixed")
    text = page(radiology, "/staff/studies/")
    assert "Rejected as images of another patient" in text
    assert "Its images name two patients" in text
