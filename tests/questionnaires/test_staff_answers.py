"""What came back: flags on top, answers for those who prepare the examination."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from klisza.audit.models import AuditEvent
from klisza.questionnaires.models import Flag
from tests.console.desk import audited, page, signed_in
from tests.examinations.given import a_patient

from .staffroom import asked, completed, in_use

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("staff_pages")]


@pytest.fixture
def clinic() -> Client:
    return signed_in("clinic")


class TestTheInbox:
    def test_grave_flags_stand_on_top_until_seen(self, clinic: Client) -> None:
        """N20: a safety answer raises a flag in the staff queue."""
        form = in_use()
        names = ("Plain", "Warned", "Grave")
        flags = {
            "Plain": (),
            "Warned": (("Asthma", "warning"),),
            "Grave": (("Pacemaker", "danger"), ("Metal", "info")),
        }
        done = {
            name: completed(asked(a_patient(family_name=name), form), *flags[name])
            for name in reversed(names)
        }
        rows = clinic.get("/staff/surveys/").context["rows"]
        assert [row.person for row in rows] == ["Anna Grave", "Anna Warned", "Anna Plain"]
        assert "Pacemaker" in page(clinic, f"/staff/surveys/{done['Grave'].request_id}/")
        clinic.post(f"/staff/surveys/{done['Grave'].request_id}/seen/")
        assert Flag.objects.filter(seen_at=None).count() == 1
        assert Flag.objects.filter(seen_by__isnull=False).count() == 2
        assert audited("survey.flags_seen") == 1
        rows = clinic.get("/staff/surveys/flags/").context["rows"]
        assert [row.person for row in rows] == ["Anna Warned"]

    def test_the_first_page_counts_them(self, clinic: Client) -> None:
        completed(asked(a_patient(), in_use()), ("Pacemaker", "danger"))
        groups = clinic.get("/staff/").context["groups"]
        counts = {link.address: link.count for group in groups for link in group.pages}
        assert counts["asked:inbox"] == 1
        assert counts["asked:incomplete"] == 0


class TestAnAnswer:
    def test_shows_questions_and_answers_as_text(self, clinic: Client) -> None:
        """R30: what a patient writes is never markup."""
        done = completed(asked(a_patient(), in_use()))
        text = page(clinic, f"/staff/surveys/{done.request_id}/")
        assert "Is there metal in your body?" in text
        assert "&lt;b&gt;hip&lt;/b&gt;" in text
        assert "<b>hip</b>" not in text
        event = AuditEvent.objects.get(action="survey.viewed")
        assert event.patient_id == done.request.patient_id

    def test_comes_as_pdf_and_as_fhir(self, clinic: Client) -> None:
        """M6.8, S46"""
        done = completed(asked(a_patient(), in_use()))
        pdf = clinic.get(f"/staff/surveys/{done.request_id}/answers.pdf")
        assert pdf["Content-Type"] == "application/pdf"
        response = clinic.get(f"/staff/surveys/{done.request_id}/response.json")
        assert json.loads(response.content) == done.response
        assert audited("survey.downloaded") == 2

    def test_the_desk_sees_the_state_and_no_answer(self) -> None:
        """R14"""
        done = completed(asked(a_patient(), in_use()), ("Pacemaker", "danger"))
        desk = signed_in("registration")
        text = page(desk, f"/staff/surveys/{done.request_id}/")
        assert "Only the clinic and radiology can read them." in text
        assert "Pacemaker" not in text
        assert "hip" not in text
        assert desk.post(f"/staff/surveys/{done.request_id}/seen/").status_code == 403
        assert not AuditEvent.objects.filter(action="survey.viewed").exists()

    def test_an_open_one_has_no_files_to_give(self, clinic: Client) -> None:
        request = asked(a_patient(), in_use())
        assert clinic.get(f"/staff/surveys/{request.pk}/answers.pdf").status_code == 404
        assert clinic.get(f"/staff/surveys/{request.pk}/response.json").status_code == 404


def test_files_that_did_not_come_are_listed() -> None:
    """M6.8: answered, files incomplete."""
    done = completed(asked(a_patient(family_name="Late"), in_use()), state="incomplete")
    text = page(signed_in("registration"), "/staff/surveys/incomplete/")
    assert f"/staff/surveys/{done.request_id}/" in text
    assert "0 of 0 files" in text
