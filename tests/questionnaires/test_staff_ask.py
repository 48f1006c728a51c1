"""Whom the hospital asks: one person, a list, everybody with an order of a code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from klisza.base import clock
from klisza.examinations.models import Order
from klisza.patients.models import Patient
from klisza.questionnaires import addressees, jobs
from klisza.questionnaires.models import ProcedureRule, SurveyRequest
from klisza.questionnaires.services import asking
from tests.accounts.people import outbox
from tests.console.desk import allowed, audited, page, signed_in
from tests.examinations.given import a_patient, mrn_of

from .staffroom import CLINIC, asked, completed, in_use

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("staff_pages")]


@pytest.fixture
def desk() -> Client:
    return signed_in("registration")


def an_order(patient: Patient, code: str = "MR1", **more: Any) -> Order:
    now = clock.now()
    values: dict[str, Any] = {
        "patient": patient, "issuer": "local", "key": f"K{Order.objects.count()}", "procedure_code": code,
        "scheduled_at": now + timedelta(days=9), "created_at": now, "updated_at": now,
    }  # fmt: skip
    return Order.objects.create(**(values | more))


class TestOnePerson:
    def test_is_asked_and_gets_a_mail(self, desk: Client) -> None:
        """S41, S43, M5.1"""
        patient, form = a_patient(), in_use()
        day = clock.local_date(clock.now()) + timedelta(days=5)
        data = {
            "questionnaire": str(form.pk),
            "message": "Before Monday, please",
            "last_day": day.isoformat(),
        }
        answer = desk.post(f"/staff/surveys/ask/{patient.pk}/", data)
        request = SurveyRequest.objects.get()
        assert answer["Location"] == f"/staff/surveys/{request.pk}/"
        assert request.due_at
        assert clock.local_date(request.due_at) == day
        assert request.message == "Before Monday, please"
        assert len(outbox("mail")) == 1
        assert audited("survey.asked") == 1

    def test_is_not_asked_twice_at_once(self, desk: Client) -> None:
        patient, form = a_patient(), in_use()
        asked(patient, form)
        answer = desk.post(f"/staff/surveys/ask/{patient.pk}/", {"questionnaire": str(form.pk)})
        assert answer.status_code == 400
        assert "has this questionnaire open already" in answer.content.decode()

    def test_a_day_that_is_over_is_refused(self, desk: Client) -> None:
        patient, form = a_patient(), in_use()
        data = {"questionnaire": str(form.pk), "last_day": "2020-01-01"}
        assert desk.post(f"/staff/surveys/ask/{patient.pk}/", data).status_code == 400

    def test_staff_take_it_back_with_a_reason(self, desk: Client) -> None:
        request = asked(a_patient(), in_use())
        desk.post(f"/staff/surveys/{request.pk}/withdraw/", {"reason": ""})
        assert SurveyRequest.objects.get().state == "open"
        desk.post(f"/staff/surveys/{request.pk}/withdraw/", {"reason": "Sent by mistake"})
        assert "Sent by mistake" in page(desk, f"/staff/surveys/{request.pk}/")
        assert audited("survey.withdrawn") == 1


class TestAList:
    def test_is_looked_at_before_anybody_is_asked(self, desk: Client) -> None:
        """S41"""
        people, form = [a_patient(), a_patient(), a_patient()], in_use()
        asked(people[2], form)
        rows = "".join(f"{mrn_of(one)};local;21.03.1958\n" for one in [*people, people[0]])
        text = f"identifier;issuer;birth_date\n{rows}"
        data = {"questionnaire": str(form.pk), "file": SimpleUploadedFile("people.csv", text.encode())}
        looked = desk.post("/staff/surveys/ask/", data)
        assert (len(looked.context["found"].people), looked.context["busy"]) == (3, 1)
        assert looked.context["found"].twice == 1
        assert SurveyRequest.objects.count() == 1
        desk.post("/staff/surveys/ask/", {"questionnaire": str(form.pk), "text": text})
        desk.post("/staff/surveys/ask/", {"questionnaire": str(form.pk), "text": text})
        assert SurveyRequest.objects.count() == 3

    def test_each_mistake_is_named_with_its_line(self, desk: Client) -> None:
        patient, form = a_patient(), in_use()
        dead = a_patient(is_dead=True)
        text = f"identifier,birth_date\n{mrn_of(patient)},1958-03-22\nXX,\n{mrn_of(dead)},\n"
        data = {"questionnaire": str(form.pk), "file": SimpleUploadedFile("people.csv", text.encode())}
        shown = desk.post("/staff/surveys/ask/", data).content.decode()
        for sentence in ("Line 2: The date of birth", "Line 3: No patient", "Line 4: This patient cannot"):
            assert sentence in shown
        desk.post("/staff/surveys/ask/", {"questionnaire": str(form.pk), "text": text})
        assert not SurveyRequest.objects.exists()

    @pytest.mark.parametrize(
        "text", ["", "name\nx\n", "identifier;identifier\n", 'identifier\n"x', "identifier\n"]
    )
    def test_what_is_no_list_gets_a_sentence(self, text: str) -> None:
        assert addressees.read(text).problems


class TestOrders:
    def rule(self, **more: Any) -> ProcedureRule:
        values: dict[str, Any] = {"procedure_code": "MR1", "message": "", "days_before": 2} | more
        return asking.set_rule(questionnaire=in_use(), by=CLINIC, **values)

    def test_a_code_brings_its_questionnaire_once(self) -> None:
        patient = a_patient()
        an_order(patient, key="before")
        self.rule()
        order = an_order(patient)
        an_order(patient, "CT1")
        an_order(patient, scheduled_at=clock.now() - timedelta(hours=1))
        assert (jobs.run_order_questions(), jobs.run_order_questions()) == (1, 0)
        request = SurveyRequest.objects.get()
        assert request.order == order
        assert order.scheduled_at
        assert request.due_at == order.scheduled_at - timedelta(days=2)

    def test_an_appointment_of_tomorrow_leaves_time(self) -> None:
        self.rule()
        an_order(a_patient(), scheduled_at=clock.now() + timedelta(hours=20))
        jobs.run_order_questions()
        due = SurveyRequest.objects.get().due_at
        assert due
        assert due > clock.now() + timedelta(hours=11)

    def test_a_cancelled_order_takes_it_back(self) -> None:
        self.rule()
        order = an_order(a_patient())
        jobs.run_order_questions()
        Order.objects.filter(pk=order.pk).update(state="cancelled")
        assert (jobs.run_cancelled_orders(), jobs.run_cancelled_orders()) == (1, 0)
        assert SurveyRequest.objects.get().state == "withdrawn"

    def test_rules_are_made_and_deleted(self) -> None:
        clinic, form = signed_in("clinic"), in_use()
        data = {"procedure_code": "MR1", "questionnaire": str(form.pk), "days_before": "2"}
        clinic.post("/staff/surveys/rules/", data)
        assert clinic.post("/staff/surveys/rules/", data).status_code == 400
        clinic.post(f"/staff/surveys/rules/{ProcedureRule.objects.get().pk}/delete/")
        assert not ProcedureRule.objects.exists()
        assert audited("rule.changed") == 2


def test_who_may() -> None:
    """R14"""
    request = asked(a_patient(), in_use())
    completed(request)
    asking_roles = ["registration", "clinic", "radiology", "admin"]
    assert allowed("/staff/surveys/ask/") == asking_roles
    assert allowed("/staff/surveys/sent/") == asking_roles
    assert allowed("/staff/surveys/incomplete/") == asking_roles
    assert allowed(f"/staff/surveys/{request.pk}/") == asking_roles
    for path in ("", "rules/", f"{request.pk}/answers.pdf", f"{request.pk}/response.json"):
        assert allowed(f"/staff/surveys/{path}") == ["clinic", "radiology", "admin"], path


def test_what_was_sent_is_listed_by_state(desk: Client) -> None:
    request = asked(a_patient(family_name="Waiting"), in_use())
    assert "Anna Waiting" in page(desk, "/staff/surveys/sent/")
    assert "Anna Waiting" in page(desk, "/staff/surveys/sent/all/")
    assert "Anna Waiting" not in page(desk, "/staff/surveys/sent/answered/")
    assert desk.get("/staff/surveys/sent/nonsense/").status_code == 404
    assert f"/staff/surveys/{request.pk}/" in page(desk, f"/staff/surveys/ask/{request.patient_id}/")
