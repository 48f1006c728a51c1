"""N10: "tell me only after my visit" is the person's wish, whichever record it was said under."""

from __future__ import annotations

from typing import Any

import pytest

from klisza.base import clock
from klisza.examinations import jobs, queries, services
from klisza.examinations.models import Examination, NoticeIntent
from klisza.patients import queries as patients
from klisza.patients.models import Patient
from klisza.patients.services import merge, undo_merge
from tests.accounts.people import outbox

from .given import READER, SCRIPT, a_patient, a_report, an_examination, viewer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_once(settings: Any) -> None:
    settings.NOTICE_WINDOW_MINUTES, settings.QUIET_HOURS = 0, None


def two() -> tuple[Patient, Patient]:
    return a_patient(), a_patient(account=False)


def wishes(patient: Patient, *, waits: bool = True, channel: str = "mail") -> None:
    services.set_preferences(patient=patient, notice_channel=channel, tell_after_visit=waits, by=READER)


def joined(survivor: Patient, other: Patient) -> None:
    merge(survivor=survivor, other=other, by=SCRIPT)
    jobs.run_corrected_people()


def open_reports(patient: Patient) -> list[object]:
    return [row.examination.pk for row in queries.reports_of(viewer(patient))]


def reported(patient: Patient, number: str) -> Examination:
    """Without images."""
    a_report(patient, accession_number=number, key=number, issued_at=clock.now())
    return Examination.objects.get(patient=patient)


def test_wish_of_the_survivor_holds_for_reports_of_the_old_record() -> None:
    first, second = two()
    wishes(first)
    reported(second, "A2")
    joined(first, second)
    assert open_reports(first) == []


def test_wish_said_under_the_old_record_holds_for_the_survivor() -> None:
    first, second = two()
    wishes(second)
    reported(first, "A1")
    an_examination(first, accession_number="A9")
    assert len(open_reports(first)) == 1
    joined(first, second)
    first.refresh_from_db()
    assert (open_reports(first), patients.waits_for_visit(first)) == ([], True)


def test_wish_is_taken_back_for_all_records() -> None:
    first, second = two()
    wishes(second)
    reported(second, "A2")
    joined(first, second)
    wishes(first, waits=False)
    assert len(open_reports(first)) == 1


def test_separated_people_have_their_own_wishes() -> None:
    first, second = two()
    wishes(second)
    reported(first, "A1")
    joined(first, second)
    undo_merge(other=second, by=SCRIPT)
    jobs.run_corrected_people()
    assert len(open_reports(first)) == 1


def test_news_of_the_old_record_go_to_the_account_that_stays() -> None:
    """The other one of the same addresses is closed by the merge."""
    first, second = a_patient(), a_patient()
    assert first.account
    assert second.account
    second.account.email, second.account.mobile = first.account.email, first.account.mobile
    second.account.save()
    reported(second, "A2")
    joined(first, second)
    jobs.run_notices()
    assert [mail["to"] for mail in outbox("mail") if mail["kind"] == "notice"] == [first.account.email]
    assert NoticeIntent.objects.get().account == first.account


def test_channel_is_the_one_of_the_account_that_is_told() -> None:
    first, second = a_patient(account=False), a_patient()
    wishes(second, waits=False, channel="sms")
    joined(first, second)
    first.refresh_from_db()
    assert patients.notice_channel(first) == "sms"
    wishes(first, waits=False, channel="mail")
    assert patients.notice_channel(first) == "mail"


def test_corrected_people_are_looked_at_once() -> None:
    first, second = two()
    reported(second, "A2")
    merge(survivor=first, other=second, by=SCRIPT)
    assert (jobs.run_corrected_people(), jobs.run_corrected_people()) == (1, 0)
