"""S23, S24, R65, L10: one mail, with no medical content."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from pydicom.uid import generate_uid

from klisza.accounts.models import Account
from klisza.archive.models import Instance, Series, Study
from klisza.audit.actor import Actor
from klisza.base import clock
from klisza.base.ids import new_id
from klisza.documents import services as documents
from klisza.examinations import jobs, services
from klisza.examinations.models import Examination, NoticeIntent, Report
from klisza.examinations.services import notices
from klisza.notifications import services as notifications
from klisza.patients.models import Patient
from klisza.patients.viewer import Viewer
from klisza.standards.hl7v2.facts import Section
from tests.accounts.people import active_account, outbox

from .given import (
    SCRIPT,
    a_patient,
    a_report,
    a_series,
    a_study,
    an_examination,
    an_instance,
    moment,
    pdf,
)

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


class TestOneMail:
    """L10, at the speed of a clock that is moved."""

    @pytest.fixture
    def at(self, settings: Any) -> Iterator[time_machine.Coordinates]:
        settings.NOTICE_WINDOW_MINUTES = 15
        with time_machine.travel("2026-11-23T09:00:00+00:00", tick=False) as coordinates:
            yield coordinates

    def work(self, at: time_machine.Coordinates, minutes: int = 0) -> int:
        """What the worker does in these minutes."""
        before = len(mails())
        for _ in range(minutes):
            at.shift(timedelta(minutes=1))
            jobs.run_early_linking()
            jobs.run_linking()
            jobs.run_due()
            jobs.run_notices()
        return len(mails()) - before

    def five_associations(self, patient: Patient, at: time_machine.Coordinates) -> Study:
        study = a_study(patient, state=Study.State.RECEIVING, revision=0, accession_number="ACC1")
        for _ in range(5):
            a_series(study, "CT", 3)
            assert self.work(at, 2) == 0
        self.settle(study, 1)
        return study

    def settle(self, study: Study, revision: int) -> None:
        Study.objects.filter(pk=study.pk).update(
            state=Study.State.SETTLED, revision=revision, last_received_at=clock.now()
        )

    def test_late_report_is_a_second_mail(self, at: time_machine.Coordinates) -> None:
        """Five associations in ten minutes, two late instances, the report 20 minutes later: 1 + 1."""
        patient = a_patient()
        study = self.five_associations(patient, at)
        assert self.work(at, 3) == 0
        a_series(study, "CT", 2)
        self.settle(study, 2)
        assert self.work(at, 17) == 1
        a_report(patient)
        assert self.work(at, 40) == 1

    def test_report_within_the_window_is_the_same_mail(self, at: time_machine.Coordinates) -> None:
        patient = a_patient()
        self.five_associations(patient, at)
        self.work(at, 5)
        a_report(patient)
        assert self.work(at, 60) == 1

    def test_everything_in_ten_minutes_is_one(self, at: time_machine.Coordinates) -> None:
        """1,500 instances + PDF + SR + ORU; then corrected: one more; sent again: none."""
        patient, body, corrected = a_patient(), pdf(), pdf()
        study = a_study(patient, state=Study.State.RECEIVING, revision=0, accession_number="ACC1", images=0)
        many(Series.objects.get(study=study), 1500)
        self.work(at, 3)
        a_report(patient, key="F1", pdf=body)
        self.work(at, 2)
        a_report(
            patient, key="dicom:1", pdf=body, source="dicom", study_instance_uid=study.study_instance_uid
        )
        a_report(
            patient, key="dicom:2", pdf=b"", source="dicom", study_instance_uid=study.study_instance_uid,
            sections=[Section("", "", ("Płuca bez zmian ogniskowych.",))],
        )  # fmt: skip
        self.settle(study, 1)
        assert self.work(at, 60) == 1
        a_report(patient, key="F1", status="C", pdf=corrected, issued_at=moment(22))
        assert self.work(at, 60) == 1
        for status in ("F", "C", "C"):
            a_report(patient, key="F1", status=status, pdf=corrected, issued_at=moment(22))
        self.settle(study, 2)
        assert self.work(at, 60) == 0

    def test_what_was_opened_meanwhile_is_not_told(self, at: time_machine.Coordinates) -> None:
        """5.2: the person was there before the window ended."""
        patient = a_patient()
        examination = an_examination(patient)
        self.work(at, 5)
        look(patient, examination)
        assert self.work(at, 30) == 0
        a_report(patient, accession_number="", study_instance_uid=uid_of(examination))
        assert self.work(at, 30) == 1

    def test_nights_are_quiet(self, settings: Any, at: time_machine.Coordinates) -> None:
        settings.QUIET_HOURS = (time(21), time(7))
        at.move_to(datetime(2026, 11, 23, 20, 30, tzinfo=UTC))  # half past nine in Warsaw
        an_examination(a_patient())
        assert self.work(at, 60) == 0
        at.move_to(datetime(2026, 11, 24, 5, 59, tzinfo=UTC))
        assert self.work(at, 1) == 1


def many(series: Series, count: int) -> None:
    first = an_instance(series, b"DICM", instance_number=1)
    values = {field.attname: getattr(first, field.attname) for field in Instance._meta.concrete_fields}
    Instance.objects.bulk_create(
        Instance(**{**values, "id": new_id(), "sop_instance_uid": generate_uid()}) for _ in range(count - 1)
    )


def look(patient: Patient, examination: Examination) -> None:
    mine = Viewer("patient", Actor("account", str(patient.account_id)), patient.account_id, frozenset(), 0)
    services.note_opened(mine, examination)


def uid_of(examination: Examination) -> str:
    return str(examination.study_links.get().study.study_instance_uid)


class TestFacts:
    def test_withdrawn_is_told_when_it_was_told_before(self) -> None:
        patient, body = a_patient(), pdf()
        a_report(patient, pdf=body)
        assert jobs.run_notices() == 1
        for _ in range(2):
            a_report(patient, status="X", pdf=body, issued_at=moment(23))
        assert (jobs.run_notices(), jobs.run_notices()) == (1, 0)

    def test_withdrawn_before_anybody_knew_is_silent(self) -> None:
        patient, body = a_patient(), pdf()
        a_report(patient, pdf=body)
        a_report(patient, status="X", pdf=body, issued_at=moment(23))
        assert jobs.run_notices() == 0

    def test_a_back_fill_tells_nothing(self) -> None:
        """S7: neither then, nor when something is computed anew; a later correction is told."""
        patient = a_patient()
        a_report(patient, quiet=True)
        services.refresh(Examination.objects.get())
        assert jobs.run_notices() == 0
        a_report(patient, status="C", issued_at=moment(23))
        assert jobs.run_notices() == 1

    def test_a_replay_tells_nothing_again(self) -> None:
        """By content, not by row: everything is made anew, the intents stay."""
        patient, body = a_patient(), pdf()
        a_report(patient, pdf=body)
        assert jobs.run_notices() == 1
        Report.objects.all().delete()
        a_report(patient, pdf=body)
        assert jobs.run_notices() == 0

    def test_what_was_there_before_the_account_is_no_news(self) -> None:
        patient = a_patient(account=False)
        an_examination(patient)
        patient.account = active_account(email="late@example.org", created_at=clock.now() + timedelta(days=3))
        patient.save()
        services.refresh(Examination.objects.get())
        assert jobs.run_notices() == 0

    @pytest.mark.parametrize(
        "fields", [{"is_dead": True}, {"restricted_reason": "confidential"}, {"restricted_reason": "deleted"}]
    )
    def test_nobody_is_told_of_the_dead_and_restricted(self, fields: dict[str, Any]) -> None:
        patient = a_patient()
        an_examination(patient)
        Patient.objects.filter(pk=patient.pk).update(**fields)
        assert (jobs.run_notices(), mails()) == (0, [])

    def test_a_document_is_told_once(self) -> None:
        patient = a_patient()
        document = documents.add_document(
            patient=patient, kind="hospital", title="Zalecenia", pdf=pdf(), issued_at=moment(20), by=SCRIPT
        )
        for _ in range(2):
            notices.note_document(document=document)
        assert (jobs.run_notices(), jobs.run_notices()) == (1, 0)
        assert "/documents/" in mails()[0]["text"]
        assert "Zalecenia" not in mails()[0]["text"]

    def test_a_withdrawn_document_is_not_told(self) -> None:
        patient = a_patient()
        document = documents.add_document(
            patient=patient, kind="hospital", title="x", pdf=pdf(), issued_at=moment(20), by=SCRIPT
        )
        notices.note_document(document=document)
        documents.withdraw(document=document)
        assert jobs.run_notices() == 0

    def test_a_shared_mailbox_tells_whose(self) -> None:
        """R12: each mail names the user name of its account."""
        first, second = a_patient(), a_patient()
        Account.objects.update(email="dom@example.org")
        an_examination(first)
        an_examination(second)
        assert jobs.run_notices() == 2
        names = [first.account.user_name, second.account.user_name]
        assert sorted([name in mail["text"] for mail in mails()] for name in names) == [
            [False, True],
            [True, False],
        ]


class TestChannel:
    @pytest.mark.parametrize(
        ("language", "words"), [("pl", "badania"), ("en", "examinations"), ("uk", "обстеження")]
    )
    def test_by_text_message_as_wished(self, language: str, words: str) -> None:
        """S23, R65: in the person's language, with no medical content."""
        patient = a_patient(notice_channel="sms")
        Account.objects.update(language=language)
        an_examination(patient, accession_number="ACC1", study_description="TK głowy")
        assert jobs.run_notices() == 1
        texts = [one for one in outbox("sms") if one["kind"] == "notice"]
        assert (len(texts), mails()) == (1, [])
        text = texts[0]["text"].casefold()
        assert words[:6] in text
        assert patient.account.user_name.casefold() in text
        for secret in ("tk ", "acc1", "głow", "tomogr", "kowalczyk"):
            assert secret not in text

    def test_without_a_number_by_mail(self) -> None:
        patient = a_patient(notice_channel="sms")
        Account.objects.update(mobile="")
        an_examination(patient)
        jobs.run_notices()
        assert len(mails()) == 1

    def test_account_mails_wait_for_nothing(self, settings: Any) -> None:
        """Window and quiet hours are for notices of results only."""
        settings.NOTICE_WINDOW_MINUTES, settings.QUIET_HOURS = 60, (time(0), time(23))
        message = notifications.enqueue_mail(
            to="a@example.org", language="pl", template="notifications/footer", context={}, kind="account"
        )
        assert message.due_at == message.created_at


class TestTheAccountComesWithIt:
    """S7: policy with-first-visible-examination."""

    @pytest.fixture
    def patient(self, settings: Any) -> Patient:
        settings.ACCOUNT_POLICY = "with-first-visible-examination"
        return a_patient(account=False, email="nowa@example.org", mobile="+48600100200")

    def test_not_before_something_is_shown(self, patient: Patient) -> None:
        services.save_release_rules(rules=[{"images": "clinician"}], by=SCRIPT)
        examination = an_examination(patient)
        assert jobs.run_accounts() == 0
        services.release(examination=examination, subject="images", by=SCRIPT)
        assert (jobs.run_accounts(), jobs.run_accounts()) == (1, 0)

    def test_the_person_is_told_what_is_there(self, patient: Patient) -> None:
        an_examination(patient)
        assert (jobs.run_notices(), jobs.run_accounts(), jobs.run_notices()) == (0, 1, 1)
        assert [mail["kind"] for mail in outbox("mail")] == ["account", "notice"]

    @pytest.mark.parametrize("fields", [{"is_quiet": True}, {"email": ""}, {"mobile": ""}])
    def test_some_get_none_by_themselves(self, patient: Patient, fields: dict[str, Any]) -> None:
        Patient.objects.update(**fields)
        an_examination(patient)
        assert (jobs.run_accounts(), jobs.run_missed_accounts()) == (0, 0)
