"""Release of results by the clinic (B27, N10)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from klisza.examinations.models import Examination, ReleaseDecision, ReleaseRule
from tests.examinations.given import a_patient

from .desk import allowed, audited, page, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> Client:
    return signed_in("clinic")


@pytest.fixture
def held() -> Examination:
    now = timezone.now()
    return Examination.objects.create(
        patient=a_patient(family_name="Czekająca"), kind="MR", issuer="local", performed_at=now, created_at=now,
        updated_at=now, report="available", report_why="clinician", visible=True,
    )  # fmt: skip


class TestTheHeldOnes:
    def test_stand_in_the_list_with_the_cause(self, clinic: Client, held: Examination) -> None:
        text = page(clinic, "/staff/release/")
        assert "Czekająca" in text
        assert "the clinic releases it, by the rules" in text

    def test_who_may(self, held: Examination) -> None:
        """R14"""
        assert allowed("/staff/release/") == ["clinic", "admin"]
        assert allowed(f"/staff/examinations/{held.pk}/") == ["clinic", "admin"]

    def test_opening_one_stands_in_the_log_of_the_patient(self, clinic: Client, held: Examination) -> None:
        page(clinic, f"/staff/examinations/{held.pk}/")
        assert audited("patient.viewed") == 1


def test_hidden_examinations_say_why(clinic: Client, held: Examination) -> None:
    Examination.objects.update(hidden_reason="no_order")
    assert "there is no order for these images yet" in page(clinic, f"/staff/examinations/{held.pk}/")


class TestDeciding:
    @pytest.mark.parametrize(
        ("decision", "action"),
        [
            ("hold", "examination.held"),
            ("release", "examination.released"),
            ("rule", "examination.ruled"),
        ],
    )
    def test_is_kept_with_its_reason(
        self, clinic: Client, held: Examination, decision: str, action: str
    ) -> None:
        fields = {"subjects": ["report"], "decision": decision, "reason": "spoken on the phone"}
        answer = clinic.post(f"/staff/examinations/{held.pk}/decide/", fields)
        row = ReleaseDecision.objects.get(examination=held)
        assert answer.status_code == 302
        assert (row.subject, row.decision, row.reason) == ("report", decision, "spoken on the phone")
        assert audited(action) == 1
        assert "spoken on the phone" in page(clinic, f"/staff/examinations/{held.pk}/")

    def test_may_concern_both(self, clinic: Client, held: Examination) -> None:
        fields = {"subjects": ["report", "images"], "decision": "hold", "reason": "to be checked"}
        clinic.post(f"/staff/examinations/{held.pk}/decide/", fields)
        assert set(held.release_decisions.values_list("subject", flat=True)) == {"images", "report"}

    @pytest.mark.parametrize("missing", ["subjects", "decision", "reason"])
    def test_needs_all_three(self, clinic: Client, held: Examination, missing: str) -> None:
        fields = {"subjects": ["report"], "decision": "hold", "reason": "to be checked"}
        del fields[missing]
        assert clinic.post(f"/staff/examinations/{held.pk}/decide/", fields).status_code == 400
        assert not held.release_decisions.exists()

    def test_is_not_for_others(self, held: Examination) -> None:
        fields = {"subjects": ["report"], "decision": "release", "reason": "I want it"}
        answer = signed_in("registration").post(f"/staff/examinations/{held.pk}/decide/", fields)
        assert answer.status_code == 403
        assert not held.release_decisions.exists()


class TestTheVisit:
    def test_has_taken_place(self, clinic: Client, held: Examination) -> None:
        clinic.post(f"/staff/examinations/{held.pk}/visit/done/")
        held.refresh_from_db()
        assert held.visit_done_at is not None
        assert audited("examination.visit_done") == 1

    def test_has_a_day(self, clinic: Client, held: Examination) -> None:
        day = timezone.localdate() + timedelta(days=9)
        clinic.post(f"/staff/examinations/{held.pk}/visit/", {"day": day.isoformat()})
        held.refresh_from_db()
        assert held.visit_at is not None
        assert timezone.localtime(held.visit_at).date() == day
        assert held.visit_source == "staff"

    def test_needs_a_day(self, clinic: Client, held: Examination) -> None:
        assert clinic.post(f"/staff/examinations/{held.pk}/visit/", {"day": "soon"}).status_code == 400


def add(client: Client, **fields: str) -> int:
    stamp = client.get("/staff/rules/0/").context["stamp"]
    given = {"images": "at_once", "report": "at_once", **fields, "stamp": stamp}
    return client.post("/staff/rules/0/", given).status_code


def codes() -> list[str]:
    return list(ReleaseRule.objects.order_by("position").values_list("procedure_code", flat=True))


class TestRules:
    def test_are_added_at_the_end(self, clinic: Client) -> None:
        assert add(clinic, procedure_code="A", report="days", report_days="14", cap_days="30") == 302
        assert add(clinic, procedure_code="B", images="report") == 302
        assert codes() == ["A", "B"]
        text = page(clinic, "/staff/rules/")
        assert "Report: after 14 days" in text
        assert "In any case 30 days after the first final report" in text
        assert audited("rule.changed") == 2

    def test_are_moved_changed_and_deleted(self, clinic: Client) -> None:
        for code in "ABC":
            add(clinic, procedure_code=code)
        stamp = clinic.get("/staff/rules/").context["stamp"]
        clinic.post("/staff/rules/3/move/", {"stamp": stamp})
        assert codes() == ["A", "C", "B"]
        stamp = clinic.get("/staff/rules/").context["stamp"]
        clinic.post("/staff/rules/1/move/", {"stamp": stamp, "down": "1"})
        assert codes() == ["C", "A", "B"]
        stamp = clinic.get("/staff/rules/").context["stamp"]
        clinic.post("/staff/rules/3/delete/", {"stamp": stamp})
        assert codes() == ["C", "A"]
        stamp = clinic.get("/staff/rules/").context["stamp"]
        changed = {"procedure_code": "D", "images": "never", "report": "visit", "stamp": stamp}
        clinic.post("/staff/rules/2/", changed)
        assert codes() == ["C", "D"]

    def test_an_old_list_changes_nothing(self, clinic: Client) -> None:
        for code in "AB":
            add(clinic, procedure_code=code)
        stamp = clinic.get("/staff/rules/").context["stamp"]
        add(clinic, procedure_code="C")
        answer = clinic.post("/staff/rules/1/delete/", {"stamp": stamp})
        assert answer.status_code == 400
        assert codes() == ["A", "B", "C"]

    def test_days_need_a_number(self, clinic: Client) -> None:
        assert add(clinic, report="days") == 400
        assert codes() == []

    def test_are_for_the_clinic(self) -> None:
        assert allowed("/staff/rules/") == ["clinic", "admin"]
        assert allowed("/staff/rules/0/") == ["clinic", "admin"]
