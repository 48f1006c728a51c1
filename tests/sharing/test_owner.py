"""The owner's pages: the dialog, "My shares", and what beats a share (manual M7.1 to M7.4, R34, R54, R61)."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from klisza.accounts.models import Account
from klisza.base import clock
from klisza.base.errors import NotFound, Refused, TooMany
from klisza.examinations.models import Examination
from klisza.notifications import services as notifications
from klisza.notifications.models import Message
from klisza.patients import queries as patients
from klisza.patients import services as people
from klisza.patients.models import Grant, Patient
from klisza.sharing import drafts, jobs, queries, services
from klisza.sharing.models import Share
from tests.accounts.people import SOMEBODY, outbox, sign_in
from tests.examinations.given import a_patient
from tests.patients.carers import a_carer, given

from .given import (
    DOCTOR,
    GUEST,
    PIN,
    Browser,
    anna,
    owner,
    screen_of,
    shared,
    token_of,
    viewer_of,
    with_results,
)

pytestmark = pytest.mark.django_db
GOOD: dict[str, Any] = {
    "email": DOCTOR, "pin": PIN, "pin_way": "send", "mobile": "", "lasts": "168", "comment": "", "language": "pl",
    "with_report": "on", "may_download": "on",
}  # fmt: skip


@pytest.fixture
def hers(client: Client) -> tuple[Patient, Examination, Client]:
    patient, examination = anna()
    sign_in(client, patient.account)
    session = client.session
    session["fresh"] = int(clock.now().timestamp())
    session.save()
    return patient, examination, client


Hers = tuple[Patient, Examination, Client]


def form_of(examination: Examination) -> str:
    return f"/examinations/{examination.pk}/share/outside/"


def post(hers: Hers, **values: Any) -> Any:
    series = re.findall(r'name="series" value="([^"]+)"', hers[2].get(form_of(hers[1])).content.decode())
    return hers[2].post(form_of(hers[1]), GOOD | {"series": series} | values)


def confirm(hers: Hers, page: Any) -> Any:
    draft = re.search(r'name="draft" value="([^"]+)"', page.content.decode())
    assert draft, page.content.decode()
    return hers[2].post(f"{form_of(hers[1])}confirm/", {"draft": draft.group(1)})


class TestTheDialog:
    def test_two_pages_make_one_share(self, hers: Hers) -> None:
        page = post(hers)
        assert Share.objects.count() == 0
        made = confirm(hers, page)
        assert made.status_code == 200
        share = Share.objects.get()
        assert (share.email, share.may_download, share.with_report) == (DOCTOR, True, True)
        assert share.expires_at - share.created_at == timedelta(days=7)

    def test_sent_twice_it_is_still_one(self, hers: Hers) -> None:
        page = post(hers)
        confirm(hers, page)
        again = confirm(hers, page)
        assert again.status_code == 302
        assert Share.objects.count() == 1

    def test_the_pin_stands_in_no_page(self, hers: Hers) -> None:
        """R54: after it was sent; one that the portal made is shown once."""
        page = post(hers)
        assert PIN not in page.content.decode()
        assert PIN not in confirm(hers, page).content.decode()
        assert PIN not in post(hers, email="x").content.decode()
        made = confirm(hers, post(hers, pin=""))
        assert re.search(r'class="share-pin">\d{6}<', made.content.decode())

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"email": "a@b.pl\nBcc:c@d.pl"}, "jeden adres e-mail"),
            ({"email": "a@b.pl,c@d.pl"}, "To nie jest adres e-mail"),
            ({"email": "a@b.pl c@d.pl"}, "jeden adres e-mail"),
            ({"email": "żaba@b.pl"}, "bez znaków diakrytycznych"),
            ({"email": "a@exаmple.org"}, "bez znaków diakrytycznych"),
            ({"email": "a\u202e@b.pl"}, "bez znaków diakrytycznych"),
            ({"email": "a@gmial.com"}, "gmail.com"),
            ({"pin": "123456"}, "łatwo odgadnąć"),
            ({"pin": "12a456"}, "dokładnie 6 cyfr"),
            ({"pin_way": ""}, "Wybierz, jak odbiorca otrzyma PIN"),
            ({"lasts": ""}, "Wybierz, na jak długo."),
            ({"lasts": "9999"}, "Wybierz, na jak długo."),
            ({"comment": "x" * 501}, "najwyżej 500 znaków"),
            ({"mobile": "+4822123"}, "Na ten numer nie można"),
            ({"language": "xx"}, "xx"),
        ],
    )
    def test_a_wrong_field_is_told_at_the_field(self, hers: Hers, wrong: dict[str, str], said: str) -> None:
        """Bad input (R34, R54): 400, a sentence, nothing made."""
        page = post(hers, **wrong)
        assert page.status_code == 400
        assert said in page.content.decode()
        assert Share.objects.count() == 0

    def test_a_birthday_is_no_pin(self, hers: Hers) -> None:
        born = hers[0].birth_date
        assert born
        assert "łatwo odgadnąć" in post(hers, pin=f"{born:%d%m%y}").content.decode()

    def test_a_likely_slip_is_asked_about_once(self, hers: Hers) -> None:
        page = post(hers, email="a@gmial.com", sure="on")
        assert page.status_code == 200
        assert "a@gmial.com" in page.content.decode()

    def test_a_foreign_or_old_draft_makes_nothing(self, hers: Hers) -> None:
        found = re.search(r'name="draft" value="([^"]+)"', post(hers).content.decode())
        assert found
        mine = hers[0].account_id
        assert mine
        assert drafts.opened(found.group(1), whose=mine).email == DOCTOR
        with pytest.raises(Refused):
            drafts.opened(found.group(1), whose=uuid.uuid4())
        with time_machine.travel(clock.now() + timedelta(minutes=16)), pytest.raises(Refused):
            drafts.opened(found.group(1), whose=mine)
        for draft in ("", "xyz", "AAAA" * 20):
            answer = hers[2].post(f"{form_of(hers[1])}confirm/", {"draft": draft})
            assert answer.status_code == 400
        assert Share.objects.count() == 0

    def test_without_a_fresh_factor_it_asks_first(self, hers: Hers) -> None:
        session = hers[2].session
        session["fresh"] = 0
        session.save()
        assert "/account/confirm/" in hers[2].get(form_of(hers[1])).headers["Location"]

    def test_nobody_elses_examination(self, hers: Hers) -> None:
        foreign = anna("Z9")[1]
        for path in ("", "outside/", "slip/", "inside/"):
            assert hers[2].get(f"/examinations/{foreign.pk}/share/{path}").status_code == 404

    def test_several_examinations_and_some_series(self, hers: Hers) -> None:
        """B8, B9"""
        patient, _examination, client = hers
        second = with_results(patient, accession="A2", modalities=("CT", "MR"))
        page = client.get(form_of(second)).content.decode()
        series = re.findall(r'name="series" value="([^"]+)"', page)
        wanted = GOOD | {"series": series[:1], "examinations": [str(second.pk), str(hers[1].pk)]}
        confirm((patient, second, client), client.post(form_of(second), wanted))
        rows = {row.examination_id: row.series for row in Share.objects.get().examinations.all()}
        assert rows[second.pk] == series[:1]
        assert len(rows[hers[1].pk]) == 1


class TestLimits:
    def test_twenty_open_and_ten_a_day(self, settings: Any) -> None:
        patient, examination = anna()
        settings.SHARES_PER_DAY, settings.SHARES_OPEN = 2, 3
        shared(patient, examination)
        shared(patient, examination)
        with pytest.raises(TooMany):
            shared(patient, examination)
        settings.SHARES_PER_DAY = 10
        shared(patient, examination)
        with pytest.raises(Refused, match="Najpierw odwołaj"):
            shared(patient, examination)

    @pytest.mark.parametrize("lasts", [timedelta(minutes=59), timedelta(days=31)])
    def test_an_hour_to_thirty_days(self, lasts: timedelta) -> None:
        with pytest.raises(Refused):
            shared(*anna(), lasts=lasts)


class TestMyShares:
    def test_who_when_and_what(self, hers: Hers) -> None:
        share, token = shared(hers[0], hers[1])
        doctor = Browser(HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
        doctor.open(token)
        doctor.get(viewer_of(share, hers[1]))
        page = hers[2].get(f"/shares/{share.pk}/").content.decode()
        for words in ("podano PIN", "otwarto badanie", "obejrzano obrazy", "Firefox, Windows", DOCTOR):
            assert words in page
        assert "otwarto raz" in hers[2].get("/shares/").content.decode()

    @pytest.mark.parametrize("act", ["revoke", "block", "unblock", "extend", "link", "pin"])
    def test_only_the_owner_and_only_by_post(self, hers: Hers, act: str) -> None:
        foreign, _token = shared(*anna("Z9"))
        own, _token = shared(hers[0], hers[1])
        assert hers[2].post(f"/shares/{foreign.pk}/{act}/").status_code == 404
        assert hers[2].get(f"/shares/{own.pk}/{act}/").status_code == 405
        assert hers[2].get(f"/shares/{foreign.pk}/").status_code == 404

    def test_block_unblock_extend_revoke(self, hers: Hers) -> None:
        share, token = shared(hers[0], hers[1])
        for act, status in (("block", 404), ("unblock", 200), ("extend", 200), ("revoke", 404)):
            assert hers[2].post(f"/shares/{share.pk}/{act}/", {"lasts": "336"}).status_code == 302
            assert Browser().follow(token).status_code == status, act
        share.refresh_from_db()
        assert share.expires_at > clock.now() + timedelta(days=13)

    def test_a_lost_pin_is_replaced_and_shown_once(self, hers: Hers) -> None:
        share, token = shared(hers[0], hers[1])
        page = hers[2].post(f"/shares/{share.pk}/pin/").content.decode()
        found = re.search(r'class="share-pin">(\d{6})<', page)
        assert found
        assert found.group(1) not in hers[2].get(f"/shares/{share.pk}/").content.decode()
        assert Browser().open(token, found.group(1)).redirect_chain[-1][0] == screen_of(share)

    def test_a_lost_link_is_replaced_and_the_old_one_dead(self, hers: Hers) -> None:
        """The PIN that has not left yet waits for the new link."""
        share, lost = shared(hers[0], hers[1])
        assert hers[2].post(f"/shares/{share.pk}/link/").status_code == 302
        share.refresh_from_db()
        found = token_of(share)
        assert found != lost
        assert Browser().follow(lost).status_code == 404
        assert Browser().open(found).redirect_chain[-1][0] == screen_of(share)
        assert share.pin_message.after_id == share.link_message_id
        services.revoke(share=share, by=SOMEBODY)
        hers[2].post(f"/shares/{share.pk}/link/")
        assert not [mail for mail in outbox("mail") if "/s/" in mail["text"]]

    def test_a_link_that_came_back_is_shown(self, hers: Hers) -> None:
        """A mistyped address is revoked by the owner."""
        share, _token = shared(hers[0], hers[1])
        notifications.bounced(message_id=share.link_message_id, status="5.1.1")
        assert jobs.run_share_bounces() == 1
        assert jobs.run_share_bounces() == 0
        assert "wiadomość wróciła" in hers[2].get("/shares/").content.decode()
        assert "być może w adresie jest literówka" in outbox("mail")[-1]["text"]


class TestMessages:
    def test_the_second_waits_until_the_first_has_left(self) -> None:
        """R54: a minute after the link has left, not after it was written."""
        share, _token = shared(*anna())
        with time_machine.travel(clock.now() + timedelta(hours=1), tick=False) as now:
            first = claimed_share()
            assert first == [share.link_message_id]
            assert claimed_share() == []
            now.shift(61)
            assert claimed_share() == [share.pin_message_id]

    def test_handed_over_they_are_wiped(self) -> None:
        share, _token = shared(*anna())
        with time_machine.travel(clock.now() + timedelta(seconds=1), tick=False) as now:
            claimed_share()
            now.shift(61)
            claimed_share()
        assert [bytes(one.sealed) for one in Message.objects.filter(kind="share")] == [b"", b""]
        assert share.pk

    def test_the_owner_is_told_of_openings_in_one_mail(self) -> None:
        share, token = shared(*anna())
        with time_machine.travel(clock.now(), tick=False) as now:
            for _ in range(3):
                services.admit_guest(token=token, pin=PIN, by=GUEST)
            assert jobs.run_share_openings() == 3
            services.admit_guest(token=token, pin=PIN, by=GUEST)
            assert jobs.run_share_openings() == 0
            now.shift(15 * 60 + 1)
            assert jobs.run_share_openings() == 1
        told = [mail for mail in outbox("mail") if "zostało otwarte" in mail["subject"]]
        assert len(told) == 2
        assert told[0]["text"].count("d***@example.org") == 3
        assert share.pk


def claimed_share() -> list[Any]:
    """Everything due is sent; which of it belongs to a share."""
    sent = []
    while claimed := notifications.claim(channel="mail"):
        notifications.sent(claimed)
        if Message.objects.get(pk=claimed.id).kind == "share":
            sent.append(claimed.id)
    return sent


class TestWhatBeatsAShare:
    def test_expiry_is_noted(self) -> None:
        share, _token = shared(*anna())
        with time_machine.travel(share.expires_at, tick=False):
            assert jobs.run_share_ends() == 1
        assert Share.objects.get().end_reason == "expired"

    def test_a_carers_share_ends_with_the_grant(self) -> None:
        patient, examination = anna()
        carer = a_carer()
        grant = given(patient, carer, kind=Grant.Kind.AUTHORISED)
        viewer = patients.carer_viewer(carer, grant, SOMEBODY)
        share, token = shared(patient, examination, viewer=viewer)
        doctor = Browser()
        doctor.open(token)
        assert doctor.get(viewer_of(share, examination)).status_code == 200
        people.end_grant(grant=grant, reason="patient", by=SOMEBODY)
        assert doctor.get(viewer_of(share, examination)).status_code == 404
        assert Browser().follow(token).status_code == 404

    def test_a_carer_without_reports_cannot_share_one(self) -> None:
        patient, examination = anna()
        carer = a_carer()
        grant = given(patient, carer, kind=Grant.Kind.AUTHORISED, scope=Grant.Scope.NO_REPORTS)
        _share, token = shared(patient, examination, viewer=patients.carer_viewer(carer, grant, SOMEBODY))
        assert "reports/" not in Browser().open(token).content.decode()

    def test_the_owner_sees_a_carers_share_and_the_carer_not_hers(self) -> None:
        """T-58"""
        patient, examination = anna()
        carer = a_carer()
        grant = given(patient, carer, kind=Grant.Kind.AUTHORISED)
        viewer = patients.carer_viewer(carer, grant, SOMEBODY)
        theirs, _token = shared(patient, examination, viewer=viewer)
        hers, _token = shared(patient, examination)
        assert set(queries.mine(owner(patient))) == {theirs, hers}
        assert set(queries.mine(viewer)) == {theirs}

    def test_a_merge_leaves_what_was_shared_and_no_more(self) -> None:
        """R61: old share still shows only its study; undone, the other's is gone."""
        patient, examination = anna()
        share, token = shared(patient, examination)
        survivor, theirs = anna("B7")
        people.merge(survivor=survivor, other=patient, by=SOMEBODY)
        doctor = Browser()
        page = doctor.open(token)
        assert page.status_code == 200
        assert doctor.get(viewer_of(share, examination)).status_code == 200
        assert doctor.get(viewer_of(share, theirs)).status_code == 404

    def test_after_an_undone_merge_the_others_examination_is_gone(self) -> None:
        survivor = a_patient()
        other, theirs = anna("B7")
        people.merge(survivor=survivor, other=other, by=SOMEBODY)
        share, token = shared(Patient.objects.get(pk=survivor.pk), theirs)
        doctor = Browser()
        doctor.open(token)
        assert doctor.get(viewer_of(share, theirs)).status_code == 200
        people.undo_merge(other=Patient.objects.get(pk=other.pk), by=SOMEBODY)
        assert doctor.get(viewer_of(share, theirs)).status_code == 404

    def test_before_the_cut_off_nothing_can_be_shared(self, settings: Any) -> None:
        """R64"""
        patient, examination = anna()
        share, token = shared(patient, examination)
        settings.SHOW_FROM = clock.local_date(clock.now()) + timedelta(days=400)
        with pytest.raises(NotFound):
            shared(patient, examination)
        doctor = Browser()
        doctor.open(token)
        assert doctor.get(viewer_of(share, examination)).status_code == 404

    def test_a_closed_account_ends_its_shares(self) -> None:
        patient, examination = anna()
        _share, token = shared(patient, examination)
        Account.objects.filter(pk=patient.account_id).update(state="closed", lock_cause="owner")
        assert Browser().follow(token).status_code == 404
