"""News of a person's results goes to carers who may see them, and to no other (N11, S23, R65, R66)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from klisza.accounts.models import Account, Revocation
from klisza.accounts.services.revocation import subject_of
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.documents import services as documents
from klisza.examinations import jobs, queries
from klisza.examinations.models import Examination, NoticeIntent
from klisza.examinations.services import carers, hide_from_carers, notices, refresh
from klisza.notifications.models import Message
from klisza.patients import queries as patients
from klisza.patients.models import Grant, Patient
from klisza.patients.services import end_grant
from klisza.patients.services.bounces import note_bounces
from tests.accounts.people import ANYBODY, outbox, sign_in
from tests.patients.carers import CLERK, TURNS_18, a_carer, a_child, given
from tests.patients.people import tasks

from .given import a_patient, a_report, an_examination, pdf

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_once(settings: Any) -> None:
    settings.NOTICE_WINDOW_MINUTES, settings.QUIET_HOURS = 0, None


@pytest.fixture
def child() -> Patient:
    return a_child()


@pytest.fixture
def mother() -> Account:
    return a_carer()


def told() -> list[str]:
    """Addresses, oldest first."""
    return [mail["to"] for mail in outbox("mail") if mail["kind"] == "notice"]


def news_of(patient: Patient) -> None:
    an_examination(patient, accession_number="ACC1")
    a_report(patient)


class TestACarer:
    def test_is_told_once_of_images_and_report(self, child: Patient, mother: Account) -> None:
        given(child, mother)
        news_of(child)
        assert (jobs.run_notices(), jobs.run_notices()) == (1, 0)
        assert told() == [mother.email]
        mail = outbox("mail")[-1]
        assert mother.user_name in mail["text"]
        for secret in ("Jaś", "Kowal", "TK", "ACC1"):
            assert secret not in mail["text"] + mail["subject"]

    def test_is_told_in_words_that_say_whose_it_is_not(self, child: Patient, mother: Account) -> None:
        given(child, mother)
        news_of(child)
        jobs.run_notices()
        assert "/account/acting/" in outbox("mail")[-1]["text"]

    def test_gets_one_mail_for_the_own_and_the_childs(self, child: Patient) -> None:
        own = a_patient(mrn="2", given_name="Maria")
        assert own.account
        given(child, own.account)
        news_of(child)
        a_report(own, accession_number="ACC9")
        assert (jobs.run_notices(), len(told())) == (1, 1)

    def test_waits_through_the_quiet_hours_and_the_window(
        self, child: Patient, mother: Account, settings: Any
    ) -> None:
        settings.NOTICE_WINDOW_MINUTES = 15
        given(child, mother)
        news_of(child)
        assert jobs.run_notices() == 0
        with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
            local = clock.now().astimezone(clock.local_zone())
            settings.QUIET_HOURS = (local.time(), (local + timedelta(hours=2)).time())
            assert jobs.run_notices() == 0
            settings.QUIET_HOURS = None
            assert jobs.run_notices() == 1

    def test_is_not_told_of_what_was_there_before(self, child: Patient, mother: Account) -> None:
        news_of(child)
        with time_machine.travel(clock.now() + timedelta(minutes=5)):
            given(child, mother)
            looked_at_again(child)
            assert (jobs.run_notices(), told()) == (0, [])

    def test_has_opened_it_meanwhile(self, child: Patient, mother: Account, client: Client) -> None:
        given(child, mother)
        news_of(child)
        sign_in(client, mother)
        page = client.get(f"/examinations/{Examination.objects.get().pk}/")
        assert page.status_code == 200
        assert (jobs.run_notices(), told()) == (0, [])

    def test_of_a_patient_is_told_beside_the_patient(self, mother: Account) -> None:
        patient = a_patient()
        given(patient, mother, kind="authorised")
        news_of(patient)
        assert patient.account
        jobs.run_notices()
        assert sorted(told()) == sorted([patient.account.email, mother.email])

    def test_whose_mail_comes_back_is_a_task_at_the_child(self, child: Patient, mother: Account) -> None:
        given(child, mother)
        news_of(child)
        jobs.run_notices()
        Message.objects.filter(kind="notice").update(bounced_at=clock.now())
        assert note_bounces() == 1
        assert "mail_bounced" in tasks(child)


class TestTheScope:
    def test_without_reports_hides_a_report(self, child: Patient, mother: Account) -> None:
        given(child, mother, scope="no_reports")
        a_report(child)
        assert (jobs.run_notices(), told()) == (0, [])
        an_examination(child, accession_number="ACC2")
        assert (jobs.run_notices(), told()) == (1, [mother.email])
        assert {one.fact for one in NoticeIntent.objects.all()} == {"images"}

    def test_of_chosen_ones_hides_all_others(self, mother: Account) -> None:
        patient = a_patient()
        an_examination(patient, accession_number="ACC1")
        assert patient.account
        viewer = patients.viewer_for(patient.account, ANYBODY)
        grant, _code = carers.offer(
            viewer=viewer, carer_name="Jan", scope="chosen", chosen=[Examination.objects.get().pk]
        )
        Grant.objects.filter(pk=grant.pk).update(account=mother, taken_at=clock.now() - timedelta(days=9))
        an_examination(patient, accession_number="ACC2")
        jobs.run_notices()
        assert told() == [patient.account.email]

    def test_is_asked_again_when_the_mail_is_written(self, child: Patient, mother: Account) -> None:
        grant = given(child, mother)
        a_report(child)
        Grant.objects.filter(pk=grant.pk).update(scope="no_reports")
        assert (jobs.run_notices(), told()) == (0, [])

    def test_of_a_document_of_its_own(self, child: Patient, mother: Account) -> None:
        given(child, mother, scope="no_reports")
        a_letter(child)
        assert (jobs.run_notices(), told()) == (0, [])
        other = a_carer(email="tata@example.org", mobile="+48600100901")
        given(child, other)
        a_letter(child)
        assert (jobs.run_notices(), told()) == (1, ["tata@example.org"])


class TestTheEnd:
    def test_drops_what_waits(self, child: Patient, mother: Account) -> None:
        grant = given(child, mother)
        news_of(child)
        assert NoticeIntent.objects.filter(sent_at=None).exists()
        end_grant(grant=grant, reason="desk", by=CLERK)
        assert (jobs.run_notices(), told()) == (0, [])
        assert not NoticeIntent.objects.filter(account=mother).exists()

    def test_drops_it_on_the_birthday_without_a_job_r66(self, child: Patient, mother: Account) -> None:
        with time_machine.travel("2033-05-31 21:59:00Z"):
            given(child, mother)
            news_of(child)
        with time_machine.travel(TURNS_18):
            assert (jobs.run_notices(), told()) == (0, [])

    def test_let_in_again_is_told_of_new_things_only(self, child: Patient, mother: Account) -> None:
        grant = given(child, mother)
        news_of(child)
        end_grant(grant=grant, reason="desk", by=CLERK)
        with time_machine.travel(clock.now() + timedelta(minutes=5)):
            given(child, mother)
            looked_at_again(child)
            assert (jobs.run_notices(), told()) == (0, [])


class TestKeptFromCarers:
    """R66: at 16 to 17 both may see it, and the young person may keep what is sensitive from parents."""

    @pytest.fixture
    def seventeen(self) -> Patient:
        today = clock.local_date(clock.now())
        born = date(today.year - 17, today.month, min(today.day, 28))
        return a_patient(birth_date=born)

    @pytest.fixture
    def kept(self, seventeen: Patient, mother: Account) -> Examination:
        given(seventeen, mother)
        news_of(seventeen)
        assert seventeen.account
        examination = Examination.objects.get()
        hide_from_carers(
            viewer=patients.viewer_for(seventeen.account, ANYBODY), examination=examination, hidden=True
        )
        return examination

    def test_shows_nothing_on_any_way(self, kept: Examination, mother: Account) -> None:
        viewer = patients.carer_viewer(mother, Grant.objects.get(), ANYBODY)
        for purpose in queries.PURPOSES:
            assert not queries.visible(viewer, purpose=purpose).exists()
        assert Revocation.objects.filter(subject=subject_of(str(mother.pk))).exists()

    def test_stays_with_the_person(self, kept: Examination, seventeen: Patient) -> None:
        assert seventeen.account
        viewer = patients.viewer_for(seventeen.account, ANYBODY)
        assert queries.get_visible(viewer, kept.pk, purpose="report")

    def test_is_told_to_no_carer(self, kept: Examination, seventeen: Patient) -> None:
        assert seventeen.account
        jobs.run_notices()
        assert told() == [seventeen.account.email]

    def test_no_guardian_may_do_it_or_undo_it(
        self, kept: Examination, mother: Account, client: Client
    ) -> None:
        sign_in(client, mother)
        address = f"/examinations/{kept.pk}/carers/"
        assert client.post(address, {"hidden": "0"}).status_code == 404
        Examination.objects.update(hidden_from_carers_at=None)
        assert client.post(address, {"hidden": "1"}).status_code == 404
        viewer = patients.carer_viewer(mother, Grant.objects.get(), ANYBODY)
        with pytest.raises(NotFound):
            hide_from_carers(viewer=viewer, examination=kept, hidden=True)

    def test_by_the_page_and_back(self, seventeen: Patient, mother: Account, client: Client) -> None:
        given(seventeen, mother)
        news_of(seventeen)
        assert seventeen.account
        examination = Examination.objects.get()
        sign_in(client, seventeen.account)
        address = f"/examinations/{examination.pk}/"
        assert "Nie pokazuj im" in client.get(address).content.decode()
        page = client.post(address + "carers/", {"hidden": "1"}, follow=True).content.decode()
        assert "Pokaż im znowu" in page
        client.post(address + "carers/", {"hidden": "0"})
        examination.refresh_from_db()
        assert examination.hidden_from_carers_at is None
        actions = AuditEvent.objects.values_list("action", flat=True)
        assert {"examination.hidden_from_carers", "examination.shown_to_carers"} <= set(actions)

    def test_is_nowhere_offered_without_carers(self, client: Client) -> None:
        patient = a_patient()
        news_of(patient)
        assert patient.account
        sign_in(client, patient.account)
        page = client.get(f"/examinations/{Examination.objects.get().pk}/").content.decode()
        assert "Nie pokazuj im" not in page

    def test_a_guardians_log_says_nothing_of_what_the_person_does(
        self, kept: Examination, mother: Account, seventeen: Patient, client: Client
    ) -> None:
        other = Client()
        assert seventeen.account
        sign_in(other, seventeen.account)
        other.get(f"/examinations/{kept.pk}/")
        viewer = patients.carer_viewer(mother, Grant.objects.get(), ANYBODY)
        own = frozenset({"examination.hidden_from_carers"})
        seen = patients.access_events(viewer, actions=frozenset({"examination.opened"}), own=own)
        assert not seen.exists()


def a_letter(patient: Patient) -> None:
    document = documents.add_document(
        patient=patient, kind="hospital", title="Zalecenia", pdf=pdf(), issued_at=clock.now(), by=CLERK
    )
    notices.note_document(document=document)


def looked_at_again(patient: Patient) -> None:
    for examination in Examination.objects.filter(patient=patient):
        refresh(examination)


def test_everybody_of_a_dead_person_is_told_nothing(mother: Account) -> None:
    patient = a_patient()
    given(patient, mother, kind="authorised")
    news_of(patient)
    Patient.objects.update(is_dead=True)
    assert (jobs.run_notices(), told()) == (0, [])
    assert notices.accounts_to_tell(9) == []
