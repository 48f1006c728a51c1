"""Lists that staff work through: what messages could not settle, bounces, carers, breaches, tasks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from klisza.archive.models import Instance
from klisza.examinations.models import Breach, Examination, StudyIntake
from klisza.gateways.models import RefusedConnection, WorkItem
from klisza.notifications.models import Message
from klisza.patients.models import DeskTask, GuardianProposal, Patient
from tests.examinations.given import a_patient, a_study

from .desk import a_message, allowed, audited, page, signed_in

pytestmark = pytest.mark.django_db


def an_item(**columns: object) -> WorkItem:
    return WorkItem.objects.create(
        **{"kind": "no_order", "created_at": timezone.now(), "message": a_message(), **columns}
    )


class TestWhatMessagesCouldNotSettle:
    def test_says_what_and_what_to_do(self) -> None:
        item = an_item(detail="OBR^1^3")
        text = page(signed_in("radiology"), "/staff/work/")
        assert "names an order that the portal does not know" in text
        assert "Have the order sent again." in text
        assert f"/staff/work/{item.pk}/" in text

    def test_names_are_for_the_desk_only(self) -> None:
        an_item(patient=a_patient(family_name="Tylkodla"))
        assert "Tylkodla" in page(signed_in("registration"), "/staff/work/")
        assert "Tylkodla" not in page(signed_in("radiology"), "/staff/work/")

    def test_a_note_ends_it(self) -> None:
        item = an_item()
        answer = signed_in("radiology").post(f"/staff/work/{item.pk}/", {"note": "ordered anew"})
        item.refresh_from_db()
        assert answer.status_code == 302
        assert (item.done_note, item.done_at is not None) == ("ordered anew", True)
        assert audited("work.done") == 1

    def test_without_a_note_it_stays(self) -> None:
        item = an_item()
        assert signed_in("radiology").post(f"/staff/work/{item.pk}/").status_code == 400
        item.refresh_from_db()
        assert item.done_at is None

    def test_a_look_changes_nothing(self) -> None:
        item = an_item()
        page(signed_in("radiology"), f"/staff/work/{item.pk}/")
        item.refresh_from_db()
        assert item.done_at is None

    def test_who_may(self) -> None:
        """R14"""
        assert allowed("/staff/work/") == ["registration", "clinic", "radiology", "integration", "admin"]

    def test_an_unknown_kind_is_still_readable(self) -> None:
        an_item(kind="something_new")
        assert "something_new" in page(signed_in("integration"), "/staff/work/")


class TestBounces:
    @pytest.fixture
    def bounced(self) -> Message:
        now = timezone.now()
        patient = a_patient(family_name="Odbity")
        return Message.objects.create(
            channel="mail", kind="notice", sealed=b"", state="sent", created_at=now, due_at=now,
            bounced_at=now, bounce_status="5.1.1", account_id=patient.account_id,
        )  # fmt: skip

    def test_name_the_patient_and_not_the_address(self, bounced: Message) -> None:
        text = page(signed_in("registration"), "/staff/bounces/")
        assert all(word in text for word in ("Odbity", "5.1.1", "Note about a new result"))
        assert "@example.org" not in text

    def test_done_takes_it_off_the_list(self, bounced: Message) -> None:
        clerk = signed_in("clinic")
        clerk.post(f"/staff/bounces/{bounced.pk}/done/")
        clerk.post(f"/staff/bounces/{bounced.pk}/done/")
        assert "Odbity" not in page(clerk, "/staff/bounces/")
        assert audited("bounce.done") == 1

    def test_the_last_one_ends_the_task_of_the_desk(self, bounced: Message) -> None:
        patient = Patient.objects.get(account_id=bounced.account_id)
        task = DeskTask.objects.create(patient=patient, kind="mail_bounced", created_at=timezone.now())
        signed_in("registration").post(f"/staff/bounces/{bounced.pk}/done/")
        task.refresh_from_db()
        assert task.done_at is not None

    def test_who_may(self, bounced: Message) -> None:
        assert allowed("/staff/bounces/") == ["registration", "clinic", "admin"]
        assert signed_in("integration").post(f"/staff/bounces/{bounced.pk}/done/").status_code == 403
        assert signed_in("clinic").get(f"/staff/bounces/{bounced.pk}/done/").status_code == 405


class TestCarers:
    @pytest.fixture
    def proposal(self) -> GuardianProposal:
        return GuardianProposal.objects.create(
            patient=a_patient(account=False), family_name="Opiekun", given_name="Ewa", relation="MTH",
            proposed_at=timezone.now(),
        )  # fmt: skip

    def test_are_proposals_that_can_be_dismissed(self, proposal: GuardianProposal) -> None:
        clerk = signed_in("registration")
        text = page(clerk, "/staff/carers/")
        assert "Ewa Opiekun (mother)" in text
        clerk.post(f"/staff/carers/{proposal.pk}/dismiss/")
        proposal.refresh_from_db()
        assert proposal.decision == "dismissed"
        assert audited("guardian.dismissed") == 1

    def test_who_may(self, proposal: GuardianProposal) -> None:
        assert allowed("/staff/carers/") == ["registration", "admin"]


class TestTasks:
    def test_those_that_stay_are_closed_by_hand(self) -> None:
        now = timezone.now()
        patient = a_patient()
        stays = DeskTask.objects.create(patient=patient, kind="two_accounts", created_at=now)
        goes = DeskTask.objects.create(patient=patient, kind="no_mobile", created_at=now)
        clerk = signed_in("registration")
        text = page(clerk, "/staff/tasks/")
        assert f"/staff/tasks/{stays.pk}/done/" in text
        assert f"/staff/tasks/{goes.pk}/done/" not in text
        clerk.post(f"/staff/tasks/{stays.pk}/done/")
        stays.refresh_from_db()
        assert stays.done_at is not None
        assert audited("desktask.done") == 1


class TestBreaches:
    @pytest.fixture
    def breach(self) -> Breach:
        at = timezone.now()
        seen = [{"action": "report.opened", "at": (at - timedelta(hours=1)).isoformat(), "agent": "account"}]
        return Breach.objects.create(
            patient=a_patient(family_name="Obca"), cause="rejection_note", was_visible=True, noted_at=at,
            seen=seen,
        )  # fmt: skip

    def test_say_who_had_looked(self, breach: Breach) -> None:
        officer = signed_in("privacy")
        assert "somebody has looked" in page(officer, "/staff/breaches/")
        text = page(officer, f"/staff/breaches/{breach.pk}/")
        assert all(word in text for word in ("Obca", "Report opened", "the patient&#x27;s account"))
        assert audited("breach.viewed") == 1

    def test_closing_needs_a_note(self, breach: Breach) -> None:
        officer = signed_in("privacy")
        assert officer.post(f"/staff/breaches/{breach.pk}/").status_code == 400
        officer.post(f"/staff/breaches/{breach.pk}/", {"note": "told both patients"})
        breach.refresh_from_db()
        assert breach.closed_note == "told both patients"
        assert audited("breach.closed") == 1
        assert "told both patients" in page(officer, "/staff/breaches/")

    def test_who_may(self, breach: Breach) -> None:
        assert allowed("/staff/breaches/") == ["privacy", "admin"]
        assert allowed(f"/staff/breaches/{breach.pk}/") == ["privacy", "admin"]


class TestConnections:
    def test_say_what_became_of_images(self) -> None:
        study = a_study(None, patient_id="X1")
        Instance.objects.update(source="pacs")
        StudyIntake.objects.create(
            study=study, revision=1, outcome="unmatched", reason="unknown_patient", at=timezone.now()
        )
        text = page(signed_in("integration"), "/staff/associations/")
        assert ">pacs</a>: 2 images" in text
        assert "without a patient: No patient with this identifier is known" in text

    def test_say_who_was_cut_off(self) -> None:
        RefusedConnection.objects.create(at=timezone.now(), address="10.9.8.7", reason="message too large")
        text = page(signed_in("integration"), "/staff/associations/")
        assert "10.9.8.7" in text
        assert "A message was larger than this sender may send" in text


class TestMovedExaminations:
    def test_are_shown_again_when_they_are_the_patients(self) -> None:
        patient, now = a_patient(), timezone.now()
        row = Examination.objects.create(
            patient=patient, kind="MR", issuer="local", performed_at=now, created_at=now, updated_at=now,
            hidden_reason="moved",
        )  # fmt: skip
        item = an_item(kind="move_needs_staff", patient=patient)
        path = f"/staff/work/{item.pk}/{row.pk}/"
        assert path in page(signed_in("radiology"), f"/staff/work/{item.pk}/")
        assert signed_in("integration").post(path).status_code == 403
        assert signed_in("radiology").post(path).status_code == 302
        row.refresh_from_db()
        assert row.hidden_reason == ""
        assert signed_in("radiology").post(path).status_code == 404
