"""Link, PIN, one screen (manual M7.3): what a guest reaches and what not (R50, R52-R55)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.accounts.models import Account, Revocation
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.examinations.models import Examination
from klisza.patients.models import Patient
from klisza.sharing import services
from klisza.sharing.models import Share, Visit, Word
from tests.accounts.people import SOMEBODY
from tests.examinations.given import a_series

from .given import (
    DOCTOR,
    GUEST,
    PIN,
    Browser,
    anna,
    messages,
    screen_of,
    shared,
    text_of,
    viewer_of,
    with_results,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def given() -> tuple[Patient, Examination, Share, str]:
    patient, examination = anna()
    return patient, examination, *shared(patient, examination)


Given = tuple[Patient, Examination, Share, str]


class TestTheWayIn:
    def test_link_then_pin_then_one_screen(self, given: Given) -> None:
        patient, examination, share, token = given
        doctor = Browser()

        landing = doctor.follow(token)
        page = doctor.enter()

        assert landing.status_code == 200
        assert landing.redirect_chain[-1][0] == "/s/"
        assert page.redirect_chain[-1][0] == screen_of(share)
        html = page.content.decode()
        for text in (
            f"{patient.given_name} {patient.family_name}",
            "Pobierz DICOM",
            "Poproś o dłuższy dostęp",
        ):
            assert text in html
        assert doctor.get(viewer_of(share, examination)).status_code == 200

    def test_before_the_pin_nothing_of_the_patient(self, given: Given) -> None:
        """R55: no name, no kind, not even whether it is an examination."""
        patient, examination, _share, token = given
        html = Browser().follow(token).content.decode()
        for secret in (patient.family_name, patient.given_name, str(examination.pk), "badani", DOCTOR):
            assert secret not in html.replace("Moje badania", "")

    def test_fifty_scanners_change_nothing(self, given: Given) -> None:
        """R55: HEAD and GET, with and without the redirect."""
        share, token = given[2], given[3]
        before = AuditEvent.objects.count()
        for number in range(50):
            scanner = Browser()
            assert scanner.follow(token).headers["X-Robots-Tag"] == "noindex"
            assert scanner.client.head(f"/s/{token}/").status_code == 302
            assert scanner.get(screen_of(share)).status_code == 302, number
        share.refresh_from_db()
        assert (share.wrong_pins, Visit.objects.count(), AuditEvent.objects.count()) == (0, 0, before)

    def test_no_address_carries_the_token_onward(self, given: Given) -> None:
        """R50: swapped into a cookie; no referrer, no foreign host."""
        token = given[3]
        doctor = Browser()
        page = doctor.open(token)
        assert token not in page.content.decode()
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert not re.findall(r"(?:src|href|action)=\"https?://", page.content.decode())
        cookies = doctor.client.cookies
        assert all(cookies[name]["httponly"] for name in ("klisza_guest", "klisza_guest_link"))

    def test_every_dead_link_is_one_page(self, given: Given) -> None:
        """Wrong, expired, revoked, blocked, closed and unknown: the same bytes."""
        _patient, _examination, share, token = given
        pages = [Browser().follow("x" * 43), Browser().follow("../../etc/passwd")]
        services.block(share=share, by=SOMEBODY)
        pages.append(Browser().follow(token))
        services.unblock(share=share_again(share), by=SOMEBODY)
        with time_machine.travel(share.expires_at, tick=False):
            pages.append(Browser().follow(token))
        services.revoke(share=share_again(share), by=SOMEBODY)
        pages.append(Browser().follow(token))
        assert {page.status_code for page in pages} == {404}
        assert len({without_numbers(page) for page in pages}) == 1

    def test_the_language_is_the_senders_choice(self, given: Given) -> None:
        """N24."""
        share, token = shared(given[0], given[1], language="uk")
        page = Browser().open(token)
        assert '<html lang="uk"' in page.content.decode()
        assert "Завантажити DICOM" in page.content.decode()
        assert share.language == "uk"

    def test_two_shares_in_one_browser(self, given: Given) -> None:
        patient, examination, first, token = given
        second, other = shared(patient, examination)
        doctor = Browser()
        doctor.open(token)
        doctor.open(other)
        assert doctor.get(screen_of(first)).status_code == doctor.get(screen_of(second)).status_code == 200


class TestTheEnd:
    def test_a_planted_key_opens_nothing(self, given: Given, settings: SettingsWrapper) -> None:
        """R10: whoever put a cookie into this browser must not get in with it later."""
        *_, share, token = given
        doctor, planted = Browser(), "k" * 43
        doctor.client.cookies[settings.GUEST_COOKIE_NAME] = planted
        doctor.follow(token)
        assert doctor.enter().status_code == 200

        stranger = Browser()
        stranger.client.cookies[settings.GUEST_COOKIE_NAME] = planted
        answer = stranger.get(screen_of(share), follow=True)

        assert answer.redirect_chain[-1][0] == "/s/"
        assert "Kowalczyk" not in answer.content.decode()

    def test_open_to_the_second_before_and_not_after(self, given: Given) -> None:
        """R53: a guest who is inside reads that the time is over."""
        share, token = given[2], given[3]
        with time_machine.travel(share.expires_at - timedelta(seconds=1), tick=False) as now:
            doctor = Browser()
            assert doctor.open(token).status_code == 200
            now.shift(1)
            late = doctor.get(screen_of(share))
            assert late.status_code == 404
            assert "Czas minął" in late.content.decode()

    def test_half_an_hour_idle_asks_for_the_pin_again(self, given: Given) -> None:
        share, token = given[2], given[3]
        doctor = Browser()
        doctor.open(token)
        with time_machine.travel(clock.now() + timedelta(minutes=31)):
            assert doctor.get(screen_of(share)).headers["Location"] == "/s/"

    def test_finish_needs_the_pin_again(self, given: Given) -> None:
        share, token = given[2], given[3]
        doctor = Browser()
        doctor.open(token)
        assert doctor.post(f"{screen_of(share)}leave/").status_code == 200
        assert doctor.get(screen_of(share)).status_code == 302

    @pytest.mark.parametrize("end", ["revoke", "block"])
    def test_revoked_ends_pages_and_tickets(self, given: Given, end: str) -> None:
        share, token = given[2], given[3]
        doctor = Browser()
        doctor.open(token)
        before = Revocation.objects.count()
        getattr(services, end)(share=share, by=SOMEBODY)
        assert doctor.get(screen_of(share)).status_code == 404
        assert doctor.client.post(ticket_of(given), headers={"Accept": "application/json"}).status_code == 404
        assert Revocation.objects.count() == before + 1

    def test_messages_that_have_not_left_are_wiped(self, given: Given) -> None:
        services.revoke(share=given[2], by=SOMEBODY)
        assert [(one.state, bytes(one.sealed)) for one in messages()] == [("expired", b"")] * 2

    @pytest.mark.parametrize("state", ["closed", "locked by staff", "dead", "restricted"])
    def test_the_owners_right_goes_first(self, given: Given, state: str) -> None:
        """Closure, lock, death and restriction beat a share (R67)."""
        patient, _examination, share, token = given
        doctor = Browser()
        doctor.open(token)
        account = Account.objects.filter(pk=patient.account_id)
        if state == "closed":
            account.update(state=Account.State.CLOSED, lock_cause="owner")
        elif state == "locked by staff":
            account.update(state=Account.State.LOCKED, lock_cause="staff")
        else:
            fields: dict[str, Any] = (
                {"is_dead": True} if state == "dead" else {"restricted_reason": "confidential"}
            )
            Patient.objects.filter(pk=patient.pk).update(**fields)
        page = doctor.get(screen_of(share))
        if state == "restricted":
            assert "nic z udostępnionych badań" in page.content.decode()
        else:
            assert page.status_code == 404
            assert Browser().follow(token).status_code == 404

    def test_a_lock_by_guesses_takes_nothing_away(self, given: Given) -> None:
        Account.objects.filter(pk=given[0].account_id).update(state="locked", lock_cause="passwords")
        assert Browser().open(given[3]).status_code == 200


class TestWhatIsThere:
    def test_only_what_was_shared(self, given: Given) -> None:
        """R52: a guest asks for every sibling by every address."""
        patient, examination, share, token = given
        sibling = with_results(patient, accession="A2")
        other = anna("B7")[1]
        doctor = Browser()
        doctor.open(token)
        own = [
            address.replace(str(examination.pk), "{}")
            for address in crawl(doctor, share)
            if str(examination.pk) in address
        ]
        assert own
        for foreign in (sibling, other):
            for address in own:
                assert doctor.get(address.format(foreign.pk)).status_code == 404, address
        for address in (
            "/examinations/",
            f"/examinations/{examination.pk}/",
            f"/viewer/{examination.pk}/",
            "/shares/",
            "/documents/",
        ):
            assert doctor.get(address).status_code in (302, 404), address

    def test_another_guest_reaches_nothing(self, given: Given) -> None:
        share, token = given[2], given[3]
        stranger, doctor = Browser(), Browser()
        doctor.open(token)
        for address in crawl(doctor, share):
            assert stranger.get(address).status_code in (302, 401), address

    def test_a_series_that_comes_later_is_not_shared(self, given: Given) -> None:
        _patient, examination, share, token = given
        late = a_series(examination.study_links.get().study, "MR", 3)
        doctor = Browser()
        page = doctor.open(token).content.decode()
        viewer = doctor.get(viewer_of(share, examination)).content.decode()
        assert "1 seria" in page
        assert str(late.pk.int) not in viewer

    def test_without_report_there_is_none(self, given: Given) -> None:
        share, token = shared(given[0], given[1], with_report=False)
        doctor = Browser()
        page = doctor.open(token).content.decode()
        assert "reports/" not in page
        report = next(address for address in report_addresses(given))
        assert doctor.get(report.replace(str(given[2].pk), str(share.pk))).status_code == 404

    def test_view_only_gives_no_file(self, given: Given) -> None:
        """Pages of the report as pictures, images in the viewer; no PDF, no ZIP."""
        share, token = shared(given[0], given[1], may_download=False)
        doctor = Browser()
        page = doctor.open(token).content.decode()
        assert "download/" not in page
        assert "/file/" not in page
        for address in (f"{screen_of(share)}{given[1].pk}/download/", *report_files(given, share)):
            assert doctor.get(address).status_code == 404, address
        assert "Export DICOM" not in doctor.get(viewer_of(share, given[1])).content.decode()

    def test_a_report_under_embargo_waits_here_too(self, given: Given) -> None:
        """R63: what is released later is included then, and not before."""
        _patient, examination, share, token = given
        doctor = Browser()
        doctor.open(token)
        Examination.objects.filter(pk=examination.pk).update(report_from=clock.now() + timedelta(days=1))
        page = doctor.get(screen_of(share)).content.decode()
        assert "Opisu jeszcze nie ma" in page
        assert all(doctor.get(address).status_code == 404 for address in report_files(given, share))
        Examination.objects.filter(pk=examination.pk).update(report_from=clock.now())
        assert "reports/" in doctor.get(screen_of(share)).content.decode()

    def test_withdrawn_is_gone_at_once(self, given: Given) -> None:
        _patient, examination, share, token = given
        doctor = Browser()
        doctor.open(token)
        Examination.objects.filter(pk=examination.pk).update(hidden_reason="rejected")
        assert doctor.get(viewer_of(share, examination)).status_code == 404
        assert "nic z udostępnionych badań" in doctor.get(screen_of(share)).content.decode()

    def test_the_log_names_the_recipient(self, given: Given) -> None:
        share, token = given[2], given[3]
        doctor = Browser()
        doctor.open(token)
        doctor.get(viewer_of(share, given[1]))
        events = AuditEvent.objects.filter(agent_kind="guest", agent_id=str(share.pk))
        assert {"share.opened", "examination.opened", "images.viewed"} <= set(
            events.values_list("action", flat=True)
        )
        assert set(events.values_list("role", flat=True)) == {"d***@example.org"}

    def test_a_comment_is_text_and_never_a_link(self, given: Given) -> None:
        """R34: after the PIN only."""
        _share, token = shared(given[0], given[1], comment="<b>Pilne</b> http://evil.example/x")
        doctor = Browser()
        assert "Pilne" not in doctor.follow(token).content.decode()
        page = doctor.enter().content.decode()
        assert "&lt;b&gt;Pilne&lt;/b&gt; http://evil.example/x" in page
        assert 'href="http://evil' not in page
        assert all("Pilne" not in text_of(one) for one in messages())


class TestWritingBack:
    def test_a_note_reaches_the_owner(self, given: Given) -> None:
        share, token = given[2], given[3]
        doctor = Browser()
        doctor.open(token)
        page = doctor.client.post(f"{screen_of(share)}note/", {"text": "Proszę o kontakt <b>"}, follow=True)
        assert "notatka została przekazana" in page.content.decode()
        assert Word.objects.get().text == "Proszę o kontakt <b>"

    def test_an_empty_note_is_a_field_error(self, given: Given) -> None:
        doctor = Browser()
        doctor.open(given[3])
        assert doctor.post(f"{screen_of(given[2])}note/", text=" ").status_code == 400

    def test_not_for_me_ends_it_for_everybody(self, given: Given) -> None:
        share, token = given[2], given[3]
        doctor = Browser()
        doctor.open(token)
        assert doctor.post(f"{screen_of(share)}not-mine/").status_code == 200
        assert (share_again(share).state, share_again(share).end_reason) == ("ended", "not_mine")
        assert Browser().follow(token).status_code == 404

    def test_more_time_is_asked_ten_times_a_day_at_most(self, given: Given) -> None:
        for _ in range(12):
            try:
                services.write_back(share=given[2], kind="longer", by=GUEST)
            except Exception:
                break
        assert Word.objects.count() == 10


def test_the_pin_is_nowhere(given: Given) -> None:
    """R54: not in the table, not in the page that took it."""
    share, token = given[2], given[3]
    doctor = Browser()
    doctor.follow(token)
    wrong = doctor.client.post("/s/", {"pin": "481516"})
    assert wrong.status_code == 400
    assert "481516" not in wrong.content.decode()
    assert PIN not in str(Share.objects.values())
    assert token not in str(Share.objects.values())
    assert share.pin_hash.startswith("argon2$argon2id$")


# What the tests above look up


def share_again(share: Share) -> Share:
    return Share.objects.get(pk=share.pk)


def without_numbers(page: Any) -> str:
    return re.sub(r'value="[^"]{64}"', "", page.content.decode())


def ticket_of(given: Given) -> str:
    return f"{screen_of(given[2])}{given[1].pk}/ticket/"


def crawl(browser: Browser, share: Share) -> set[str]:
    found: set[str] = set()
    waiting = [screen_of(share)]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        answer = browser.get(path)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            waiting += re.findall(r'"(/s/open/[^"?]+)', answer.content.decode())
    return {
        path
        for path in found
        if not path.endswith(("/ticket/", "/note/", "/longer/", "/leave/", "/not-mine/"))
    }


def report_addresses(given: Given) -> list[str]:
    doctor = Browser()
    doctor.open(given[3])
    return [address for address in crawl(doctor, given[2]) if "/reports/" in address]


def report_files(given: Given, share: Share) -> list[str]:
    addresses = [one for one in report_addresses(given) if "/pages/" not in one]
    return [one.replace(str(given[2].pk), str(share.pk)) for one in addresses]
