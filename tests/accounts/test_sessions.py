"""The list of devices, notices, the clock of all windows, the clause's versions, closing (trust.md 4, T-49, T-101)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.conf import settings
from django.test import Client, override_settings

from klisza.accounts import clausetext, marks, services
from klisza.accounts.models import Account, ClauseText, ClosingRequest, Session
from klisza.accounts.services.sessions import goes_on
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.patients import services as patients

from .people import (
    ANYBODY,
    MOBILE,
    PASSWORD,
    SOMEBODY,
    active_account,
    last_code,
    outbox,
    post_login,
    sign_in,
    temporary_password,
)

pytestmark = pytest.mark.django_db
INSIDE = "/account/contact/"
FIREFOX = {"HTTP_USER_AGENT": "Mozilla/5.0 (Android 16; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"}
EDGE = {"HTTP_USER_AGENT": "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0"}


@pytest.fixture
def account() -> Account:
    return active_account()


@pytest.fixture
def other(account: Account) -> Client:
    """The same owner at another computer."""
    client = Client(**EDGE, REMOTE_ADDR="83.21.14.77")
    sign_in(client, account)
    return client


def is_inside(client: Client) -> bool:
    return client.get(INSIDE).status_code == 200


def left(client: Client, method: str = "get") -> dict[str, Any]:
    answer: dict[str, Any] = getattr(client, method)("/account/alive/").json()
    return answer


class TestTheListOfDevices:
    """T-101"""

    def test_device_network_and_times_are_shown(self, account: Account, other: Client) -> None:
        client = Client(**FIREFOX, REMOTE_ADDR="2a02:a31f:e043:9d80::17")
        sign_in(client, account)
        page = client.get("/account/devices/").content.decode()
        assert "Edge, Windows" in page
        assert "Firefox, Android" in page
        assert page.count("To urządzenie") == 1
        assert page.index("Firefox, Android") < page.index("To urządzenie") < page.index("Edge, Windows")

    def test_source_is_a_network_and_no_place(self, account: Account, other: Client) -> None:
        page = other.get("/account/devices/").content.decode()
        assert "83.21.14" in page
        assert "83.21.14.77" not in page
        assert Session.objects.get(account=account).network == "83.21.14.0/24"

    def test_ended_device_is_out_at_once(self, client: Client, account: Account, other: Client) -> None:
        sign_in(client, account)
        row = Session.objects.get(client="Edge, Windows")
        answer = client.post("/account/devices/end/", {"device": row.session_key}, follow=True)
        assert "Edge, Windows" not in answer.content.decode()
        assert not is_inside(other)
        assert is_inside(client)
        assert AuditEvent.objects.filter(action="session.ended").count() == 1

    def test_all_others_end_together(self, client: Client, account: Account, other: Client) -> None:
        sign_in(client, account)
        third = Client()
        sign_in(third, account)
        client.post("/account/devices/end-others/")
        assert [is_inside(one) for one in (client, other, third)] == [True, False, False]

    def test_nobody_ends_another_accounts_device_r10(self, client: Client, other: Client) -> None:
        sign_in(client, active_account())
        row = Session.objects.get(client="Edge, Windows")
        client.post("/account/devices/end/", {"device": row.session_key})
        client.post("/account/devices/end-others/")
        assert is_inside(other)

    def test_what_is_over_is_not_listed(self, client: Client, account: Account, other: Client) -> None:
        with time_machine.travel(clock.now() + settings.SESSION_IDLE, tick=False):
            sign_in(client, account)
            assert "Edge, Windows" not in client.get("/account/devices/").content.decode()

    def test_half_a_login_is_no_device(self, client: Client, account: Account, other: Client) -> None:
        post_login(client, account.user_name, PASSWORD)
        assert other.get("/account/devices/").content.decode().count('class="row"') == 1

    def test_get_ends_nothing_r16(self, client: Client, account: Account, other: Client) -> None:
        row = Session.objects.get(account=account)
        assert other.get("/account/devices/end/", {"device": row.session_key}).status_code == 405
        assert other.get("/account/devices/end-others/").status_code == 405

    def test_strangers_are_sent_to_the_login(self, client: Client) -> None:
        for path in ("/account/devices/", "/account/back/"):
            assert client.get(path).url == f"/login/?next={path.replace('/', '%2F')}"
        for path in ("/account/devices/end/", "/account/devices/end-others/"):
            assert client.post(path).url == "/login/"


def test_cookie_lies_nowhere_in_the_database_r70(client: Client, account: Account) -> None:
    sign_in(client, account)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert len(value) >= 43  # 256 bits
    for row in Session.objects.all():
        assert value not in f"{row.session_key} {row.session_data}"


class TestTheClockOfAllWindows:
    """trust.md 7.9, T-96"""

    def test_asking_is_no_activity(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        start = clock.now()
        for minute in range(1, 15):
            with time_machine.travel(start + timedelta(minutes=minute), tick=False):
                assert 900 - 60 * minute - 5 <= left(client)["left"] <= 900 - 60 * minute
        with time_machine.travel(start + timedelta(minutes=15, seconds=1), tick=False):
            assert left(client) == {"left": 0}

    def test_it_can_be_extended_again_and_again(self, client: Client, account: Account) -> None:
        """At least ten times (WCAG 2.2.1); nothing is written to the audit."""
        sign_in(client, account)
        start, events = clock.now(), AuditEvent.objects.count()
        for turn in range(1, 13):
            with time_machine.travel(start + timedelta(minutes=14.5 * turn), tick=False):
                assert left(client)["left"] <= 31
                assert left(client, "post")["left"] == 900
        assert AuditEvent.objects.count() == events

    def test_one_window_keeps_the_other(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        with time_machine.travel(clock.now() + timedelta(minutes=10), tick=False):
            client.get(INSIDE)
            assert left(client)["left"] == 900

    def test_the_day_cannot_be_extended(self, client: Client, account: Account) -> None:
        """12 hours at most: the warning then says so (is final)."""
        sign_in(client, account)
        start = clock.now()
        for turn in range(1, 72):
            with time_machine.travel(start + timedelta(minutes=10 * turn), tick=False):
                assert left(client, "post")["left"] > 0
        with time_machine.travel(start + timedelta(hours=11, minutes=59), tick=False):
            answer = left(client, "post")
        assert answer["final"]
        assert answer["left"] <= 61

    def test_it_names_the_account_by_a_digest(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        answer = left(client)
        assert answer["who"] == marks.of_page(account)
        assert str(account.pk) not in str(answer)
        assert account.user_name not in str(answer)

    def test_a_running_download_is_activity(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        key = client.session.session_key
        start = clock.now()
        for minute in range(1, 40, 5):
            with time_machine.travel(start + timedelta(minutes=minute), tick=False):
                assert goes_on(session_key=key)
        with time_machine.travel(start + timedelta(minutes=45), tick=False):
            assert is_inside(client)

    def test_a_download_ends_with_its_session(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        key = client.session.session_key
        client.post("/logout/")
        assert not goes_on(session_key=key)

    def test_idle_end_is_said_and_the_way_back_kept(self, client: Client, account: Account) -> None:
        """Without scripts: a kind sentence, and the page that was wanted comes after the login."""
        sign_in(client, account)
        with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
            asked = client.get("/account/contact/?a=1")
            page = client.get(asked.url).content.decode()
            assert "15 minut" in page
            assert 'name="next" value="/account/contact/?a=1"' in page
            post_login(client, account.user_name, PASSWORD, next="/account/contact/?a=1")
            assert client.post("/login/code/", {"code": last_code()}).url == "/account/contact/?a=1"

    def test_a_form_leads_back_to_its_page(self, client: Client) -> None:
        answer = client.post(
            "/account/devices/end-others/", headers={"Referer": "http://testserver/account/devices/"}
        )
        assert answer.url == "/login/?next=%2Faccount%2Fdevices%2F"
        answer = client.post("/account/devices/end-others/", headers={"Referer": "http://evil.example/x/"})
        assert answer.url == "/login/"


class TestNotices:
    """T-49"""

    def test_first_browser_of_all_is_no_news(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        assert outbox("mail") == []

    def test_new_browser_is_told_by_mail(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        sign_in(Client(**EDGE), account)
        mail = outbox("mail")[-1]
        assert "Edge, Windows" in mail["text"]
        assert f"/account/devices/?for={marks.of_link(account)}" in mail["text"]
        assert settings.SUPPORT_EMAIL in mail["text"]
        assert account.user_name not in mail["subject"]

    def test_known_browser_is_told_once(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        second = Client(**EDGE)
        for _time in range(3):
            sign_in(second, account)
            second.post("/logout/")
        assert len(outbox("mail")) == 1

    def test_changed_password_is_told(self, account: Account) -> None:
        services.change_password(account=account, old=PASSWORD, new="zupełnie inne słowa", by=ANYBODY)
        assert "zmienione" in outbox("mail")[-1]["text"]


@pytest.fixture
def own_clauses(tmp_path: Path) -> Iterator[Path]:
    _write(tmp_path, "2027-01", "Pierwsza wersja. Opłata: 5$.")
    with override_settings(CLAUSES_DIR=str(tmp_path)):
        clausetext._newest.cache_clear()
        clausetext._read.cache_clear()
        yield tmp_path
    clausetext._newest.cache_clear()
    clausetext._read.cache_clear()


def _write(folder: Path, version: str, text: str) -> None:
    (folder / version).mkdir()
    (folder / version / "pl.md").write_text(text, "utf-8")
    clausetext._newest.cache_clear()
    clausetext._read.cache_clear()


class TestTheClause:
    """S12"""

    def test_new_version_asks_again_once(self, client: Client, account: Account, own_clauses: Path) -> None:
        post_login(client, account.user_name, PASSWORD)
        asked = client.post("/login/code/", {"code": last_code()})
        assert asked.url == "/login/information/"
        assert not is_inside(client)
        assert "Pierwsza wersja" in client.get(asked.url).content.decode()
        assert client.post(asked.url, {"version": "2027-01"}).url == "/examinations/"
        again = Client()
        sign_in(again, account)
        assert is_inside(again)

    def test_old_version_is_not_accepted(self, client: Client, account: Account, own_clauses: Path) -> None:
        """A newer text came while the page was open."""
        post_login(client, account.user_name, PASSWORD)
        client.post("/login/code/", {"code": last_code()})
        assert client.post("/login/information/", {"version": "2026-11"}).url == "/login/information/"
        assert not is_inside(client)

    def test_accepted_words_stay_readable(self, client: Client, account: Account, own_clauses: Path) -> None:
        post_login(client, account.user_name, PASSWORD)
        client.post("/login/code/", {"code": last_code()})
        client.post("/login/information/", {"version": "2027-01"})
        acceptance = account.acceptances.get(version="2027-01")
        assert "5$" in ClauseText.objects.get(pk=acceptance.sha256).text
        _write(own_clauses, "2027-02", "Druga wersja.")
        page = client.get("/account/information/").content.decode()
        assert "Druga wersja" in page
        assert "Pierwsza wersja" in page

    def test_language_without_a_file_gets_the_hospitals(self, own_clauses: Path) -> None:
        assert clausetext.current("uk").language == "pl"


class TestClosing:
    """Apart from the clause; undone for seven days."""

    @pytest.fixture
    def signed_in(self, client: Client, account: Account) -> Client:
        sign_in(client, account)
        return client

    def test_wish_is_noted_and_told(self, signed_in: Client, account: Account) -> None:
        page = signed_in.post("/account/close/", {"close": "1"}, follow=True).content.decode()
        assert "Zachowaj moje konto" in page
        wish = ClosingRequest.objects.get(account=account)
        assert wish.due_at - wish.asked_at == timedelta(days=7)
        assert "/account/close/?for=" in outbox("mail")[-1]["text"]
        assert is_inside(signed_in)

    def test_asked_twice_is_one_wish(self, signed_in: Client, account: Account) -> None:
        for _time in range(2):
            signed_in.post("/account/close/", {"close": "1"})
        assert ClosingRequest.objects.filter(account=account).count() == 1
        assert len(outbox("mail")) == 1

    def test_taken_back_it_never_happens(self, signed_in: Client, account: Account) -> None:
        signed_in.post("/account/close/", {"close": "1"})
        signed_in.post("/account/close/", {"keep": "1"})
        with time_machine.travel(clock.now() + timedelta(days=8)):
            assert patients.close_due() == 0
        account.refresh_from_db()
        assert account.state == Account.State.ACTIVE

    def test_it_closes_by_itself_r49(self, signed_in: Client, account: Account) -> None:
        signed_in.post("/account/close/", {"close": "1"})
        ClosingRequest.objects.update(due_at=clock.now())
        assert patients.close_due() == 1
        assert not is_inside(signed_in)
        assert post_login(Client(), account.user_name, PASSWORD).status_code == 200
        assert outbox("mail")[-1]["to"] == account.email
        assert AuditEvent.objects.filter(action="account.closed").count() == 1

    def test_staff_close_it_once(self, account: Account) -> None:
        wish = services.ask_to_close(account=account, by=ANYBODY)
        patients.close_asked(request_id=wish.pk, by=SOMEBODY)
        with pytest.raises(NotFound):
            patients.close_asked(request_id=wish.pk, by=SOMEBODY)

    def test_needs_a_fresh_factor_t102(self, signed_in: Client) -> None:
        with time_machine.travel(clock.now() + timedelta(minutes=11)):
            answer = signed_in.post("/account/close/", {"close": "1"})
        assert answer.url.startswith("/account/confirm/")
        assert not ClosingRequest.objects.exists()


class TestLinksKnowTheirAccount:
    """S43"""

    def test_right_account_gets_the_page(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        answer = client.get(f"{INSIDE}?a=1&for={marks.of_link(account)}")
        assert answer.url == f"{INSIDE}?a=1"

    def test_wrong_account_gets_a_clear_page(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        answer = client.get(f"/examinations/?for={marks.of_link(active_account())}")
        page = answer.content.decode()
        assert answer.status_code == 403
        assert account.user_name in page
        assert "Moje badania</h1>" not in page

    def test_same_page_for_every_wrong_mark(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        for mark in ("x", "ą", "0" * 24, "%00"):
            assert client.get("/examinations/", {"for": mark}).status_code == 403

    def test_way_from_the_wrong_to_the_right_account(self, client: Client, account: Account) -> None:
        mine = active_account()
        link = f"{INSIDE}?for={marks.of_link(mine)}"
        sign_in(client, account)
        at_login = client.post("/logout/", {"next": link}).url
        assert f'name="next" value="{link}"' in client.get(at_login).content.decode()
        post_login(client, mine.user_name, PASSWORD, next=link)
        back = client.post("/login/code/", {"code": last_code()}).url
        assert client.get(back).url == INSIDE

    def test_link_survives_the_whole_first_login(self, client: Client) -> None:
        """Name, code, clause, own password: then the page of the link."""
        fresh = services.create_account(
            email="jan@example.org", mobile=MOBILE, language="pl", person_name="Jan Lis", by=SOMEBODY
        )
        at_login = client.get(f"/account/information/?for={marks.of_link(fresh)}").url
        wanted = parse_qs(urlsplit(at_login).query)["next"][0]
        post_login(client, fresh.user_name, temporary_password(), next=wanted)
        client.post("/login/code/", {"code": last_code()})
        client.post("/login/information/", {"version": clausetext.current_version()})
        own = {"new_password": PASSWORD, "new_password_again": PASSWORD}
        at_link = client.post("/login/password/", own).url
        assert at_link == wanted
        assert client.get(at_link).url == "/account/information/"

    def test_stranger_takes_the_mark_along(self, client: Client, account: Account) -> None:
        answer = client.get(f"{INSIDE}?for={marks.of_link(account)}")
        assert answer.url.endswith(f"%3Ffor%3D{marks.of_link(account)}")

    @pytest.mark.parametrize("path", ["//evil.example/", "/%5Cevil.example/", "/%2F%2Fevil.example/"])
    def test_cleaning_never_leaves_the_site_r31(self, client: Client, account: Account, path: str) -> None:
        sign_in(client, account)
        answer = client.get(path, {"for": marks.of_link(account)}, headers={"Host": "testserver"})
        assert answer.status_code in (302, 404)
        assert not answer.headers.get("Location", "").startswith(("//", "/\\", "http"))

    def test_late_login_still_knows_the_way(self, client: Client, account: Account) -> None:
        """The code came after half an hour: start again, with the page that was wanted."""
        post_login(client, account.user_name, PASSWORD, next=INSIDE)
        with time_machine.travel(clock.now() + timedelta(minutes=31)):
            assert client.get("/login/code/").url == "/login/?next=%2Faccount%2Fcontact%2F"
