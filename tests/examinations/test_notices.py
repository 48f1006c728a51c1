"""S23, S24, R65, L10: one mail, with no medical content."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from klisza.accounts.models import Account
from klisza.archive.models import Study
from klisza.examinations import jobs, services
from klisza.examinations.models import Examination, NoticeIntent
from klisza.examinations.services import notices
from tests.accounts.people import outbox

from .given import SCRIPT, a_patient, a_report, a_series, a_study, an_examination, pdf

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_once(settings: Any) -> None:
    settings.NOTICE_WINDOW_MINUTES, settings.QUIET_HOURS = 0, None


def mails() -> list[dict[str, Any]]:
    return [mail for mail in outbox("mail") if mail["kind"] == "notice"]


def test_images_and_report_are_one_mail() -> None:
    patient = a_patient()
    an_examination(patient, accession_number="ACC1")
    a_report(patient)
    assert (jobs.run_notices(), jobs.run_notices()) == (1, 0)
    assert [mail["to"] for mail in mails()] == [patient.account.email]


def test_the_mail_names_no_medical_thing(settings: Any) -> None:
    """R65"""
    patient = a_patient(family_name="Brzęczyszczykiewicz")
    an_examination(patient, accession_number="ACC1", study_description="TK głowy")
    a_report(patient, title="Opis TK głowy")
    jobs.run_notices()
    text = mails()[0]["subject"] + mails()[0]["text"]
    for secret in (
        "TK",
        "Tomograf",
        "głowy",
        "ACC1",
        "Brzęczyszczykiewicz",
        "Anna",
        str(Examination.objects.get().pk),
    ):
        assert secret not in text
    assert patient.account.user_name in text
    assert f"{settings.PUBLIC_URL}/examinations/" in text


def test_late_images_are_silent() -> None:
    """L10: re-opened and settled again is no news; a report is."""
    patient = a_patient()
    study = a_study(patient, accession_number="ACC1")
    services.link_study(study=study, by=SCRIPT)
    jobs.run_notices()
    a_series(study, "CT", 2)
    Study.objects.filter(pk=study.pk).update(revision=2)
    jobs.run_linking()
    assert jobs.run_notices() == 0
    a_report(patient)
    assert jobs.run_notices() == 1


def test_a_correction_is_told_once() -> None:
    patient, body = a_patient(), pdf()
    a_report(patient)
    jobs.run_notices()
    for _ in range(3):
        a_report(patient, status="C", pdf=body)
    assert (jobs.run_notices(), jobs.run_notices()) == (1, 0)


def test_nothing_is_told_while_receiving() -> None:
    patient = a_patient()
    a_study(patient, state=Study.State.RECEIVING)
    jobs.run_early_linking()
    assert (jobs.run_notices(), NoticeIntent.objects.count()) == (0, 0)


def test_the_window_gathers(settings: Any) -> None:
    settings.NOTICE_WINDOW_MINUTES = 15
    patient = a_patient()
    an_examination(patient)
    assert jobs.run_notices() == 0
    NoticeIntent.objects.update(created_at=NoticeIntent.objects.get().created_at - timedelta(minutes=16))
    an_examination(patient)
    assert (jobs.run_notices(), jobs.run_notices(), len(mails())) == (1, 0, 1)


def test_what_disappeared_is_not_told() -> None:
    an_examination(a_patient())
    Examination.objects.update(visible=False)
    assert (jobs.run_notices(), mails()) == (0, [])


@pytest.mark.parametrize(("state", "sent"), [("new", 1), ("active", 1), ("locked", 0), ("closed", 0)])
def test_state_of_the_account_decides(state: str, sent: int) -> None:
    """M2.9: a locked account hears about it after it was unlocked."""
    patient = a_patient()
    Account.objects.update(state=state)
    an_examination(patient)
    assert jobs.run_notices() == sent
    Account.objects.update(state="active")
    assert jobs.run_notices() == (1 if state == "locked" else 0)


def test_a_new_account_learns_how_to_begin() -> None:
    patient = a_patient()
    Account.objects.update(state="new", language="en")
    an_examination(patient)
    jobs.run_notices()
    assert "temporary password" in mails()[0]["text"]


@pytest.mark.parametrize(("hour", "quiet"), [(20, False), (21, True), (2, True), (6, True), (7, False)])
def test_quiet_hours_lie_across_midnight(hour: int, quiet: bool, settings: Any) -> None:
    settings.QUIET_HOURS = (time(21), time(7))
    moment = datetime(2026, 11, 23, hour - 1 if hour else 23, 30, tzinfo=UTC)  # Warsaw in winter is UTC+1
    assert notices.is_quiet(moment) is quiet


def test_too_old_examinations_are_not_told(settings: Any) -> None:
    """R64"""
    settings.SHOW_FROM = datetime(2026, 12, 1, tzinfo=UTC).date()
    an_examination(a_patient())
    assert not NoticeIntent.objects.exists()
