"""Before the session ends the page asks; nothing typed is lost, nothing stays behind (trust.md 7.9, R59, T-96)."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Route, expect
from pydicom.uid import generate_uid

from tests.hospital.pacs import send_study
from tests.portal import Portal, running

from .browser import DESKTOP, PHONE
from .story import Story
from .test_axe import violations
from .visitor import Visitor

IDLE_SECONDS = 24
CONTACT = "/account/contact/mail/"
TYPED = "nowa.osoba@poczta.example"


@pytest.fixture(scope="module")
def demo_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal whose sessions end soon: the warning comes after half of that time."""
    with running(tmp_path_factory.mktemp("idle"), KLISZA_SESSION_IDLE_SECONDS=str(IDLE_SECONDS)) as started:
        yield started


class Ending(Story):
    def given_somebody_signed_in(self, *, path: str = "/account/devices/", **browser: Any) -> None:
        self.given_a_new_patient()
        visitor = Visitor(self.portal)
        visitor.sign_in(self.person)
        self.given_a_browser(**browser)
        self.page.context.add_cookies(visitor.cookies())  # type: ignore[arg-type]
        visitor.close()
        self.when_opened(path)

    def dialog(self) -> Locator:
        return self.page.get_by_role("alertdialog")

    def then_the_warning_comes(self) -> None:
        expect(self.dialog()).to_be_visible()
        expect(self.page.get_by_role("button", name="Zostań w portalu")).to_be_focused()

    def when_nobody_answers(self) -> None:
        self.then_the_warning_comes()
        self.page.wait_for_timeout(IDLE_SECONDS * 500)


class TestTheWarning(Ending):
    @pytest.mark.parametrize(
        "screen", [PHONE, pytest.param(DESKTOP, marks=pytest.mark.long)], ids=["phone", "desktop"]
    )
    def test_it_asks_in_plain_words(self, screen: dict[str, int]) -> None:
        self.given_somebody_signed_in(screen=screen)
        self.then_the_warning_comes()
        expect(self.dialog()).to_have_accessible_name("Czy nadal tu jesteś?")
        expect(self.dialog()).to_have_accessible_description(re.compile("wylogowanie"))
        expect(self.dialog().locator("[data-clock]").first).to_have_text(re.compile(r"0:\d\d"))
        expect(self.dialog().get_by_role("status")).to_have_text(re.compile("Został"))
        assert not violations(self.page)
        self.then_nothing_is_wider_than_the_screen()
        self.then_screen_readers_hear_the_dialog_alone()

    def then_screen_readers_hear_the_dialog_alone(self) -> None:
        client = self.page.context.new_cdp_session(self.page)
        nodes = client.send("Accessibility.getFullAXTree")["nodes"]
        heard = [
            (one["role"]["value"], one.get("name", {}).get("value", ""))
            for one in nodes
            if not one["ignored"]
        ]
        assert ("alertdialog", "Czy nadal tu jesteś?") in heard
        assert ("button", "Zostań w portalu") in heard
        assert not [name for role, name in heard if role == "link"], "the page behind is not heard"

    @pytest.mark.parametrize(
        "key", ["Enter", *(pytest.param(key, marks=pytest.mark.long) for key in ("Space", "Escape"))]
    )
    def test_a_key_keeps_the_session(self, key: str) -> None:
        self.given_somebody_signed_in()
        self.then_the_warning_comes()
        self.page.keyboard.press(key)
        expect(self.dialog()).to_be_hidden()
        self.page.wait_for_timeout(IDLE_SECONDS * 400)
        self.page.reload()
        self.then_the_address_is("/account/devices/")

    @pytest.mark.long
    def test_one_answer_counts_in_all_windows(self) -> None:
        self.given_somebody_signed_in()
        first = self.page
        second = first.context.new_page()
        second.goto(self.portal.url + "/account/information/")
        expect(first.get_by_role("alertdialog")).to_be_visible()
        expect(second.get_by_role("alertdialog")).to_be_visible()
        second.keyboard.press("Enter")
        expect(second.get_by_role("alertdialog")).to_be_hidden()
        expect(first.get_by_role("alertdialog")).to_be_hidden()

    @pytest.mark.long
    def test_typing_is_a_sign_of_life(self) -> None:
        self.given_somebody_signed_in(path=CONTACT)
        field = self.page.locator("main input[type=email]")
        for letter in range(IDLE_SECONDS):
            field.press_sequentially("a" if letter % 2 else "b")
            self.page.wait_for_timeout(1000)
        expect(self.dialog()).to_be_hidden()


class TestInTheViewer(Ending):
    """The viewer is a window of its own: it asks as well, and whoever answers goes on where the images stood."""

    def given_the_viewer(self) -> None:
        self.given_a_new_patient()
        send_study(
            self.portal.dicom, patient_id=self.person.mrn, name="Nowak^Ewa", birth="19600229",
            study=generate_uid(), accession=f"IDLE-{self.person.mrn}", issuer="local",
            StudyDate="20261120", StudyTime="101500",
        )  # fmt: skip
        with contextlib.closing(Visitor(self.portal)) as visitor:
            visitor.sign_in(self.person)
            found = self.portal.wait_for(
                lambda: re.search(r"/examinations/[0-9a-f-]{36}/", visitor.open("/examinations/").text),
                seconds=60, what="the examination",
            )  # fmt: skip
            self.portal.wait_for(
                lambda: "/viewer/" in visitor.open(found.group()).text, seconds=60, what="its images"
            )
            self.given_a_browser()
            self.page.context.add_cookies(visitor.cookies())  # type: ignore[arg-type]
        self.when_opened(found.group().replace("/examinations/", "/viewer/"))
        expect(self.page.locator("#viewport canvas").first).to_be_visible()

    @pytest.mark.long
    def test_it_asks_and_a_key_goes_on(self) -> None:
        self.given_the_viewer()
        self.page.locator("#viewport").focus()
        self.page.keyboard.press("End")
        expect(self.page.locator("#slider")).to_have_value("3")
        self.then_the_warning_comes()
        expect(self.dialog()).to_have_accessible_name("Czy nadal tu jesteś?")
        assert not violations(self.page)
        self.page.keyboard.press("Enter")
        expect(self.dialog()).to_be_hidden()
        expect(self.page.locator("#slider")).to_have_value("3")
        self.page.wait_for_timeout(IDLE_SECONDS * 400)
        assert self.page.evaluate("fetch('/account/alive/').then(answer => answer.status)") == 200

    @pytest.mark.long
    def test_scrolling_is_a_sign_of_life(self) -> None:
        self.given_the_viewer()
        self.page.locator("#viewport").focus()
        for turn in range(IDLE_SECONDS):
            self.page.keyboard.press("ArrowDown" if turn % 4 < 2 else "ArrowUp")
            self.page.wait_for_timeout(1000)
            assert not self.dialog().is_visible()

    def test_without_an_answer_no_image_stays(self) -> None:
        self.given_the_viewer()
        self.when_nobody_answers()
        self.page.wait_for_url("**/login/?next=*")
        expect(self.page.locator("main")).to_contain_text("Dla bezpieczeństwa")


@pytest.mark.long
class TestItCanBeExtended(Ending):
    def test_ten_times_by_keyboard(self) -> None:
        """WCAG 2.2.1, with the browser's clock moved; that the server agrees: tests/accounts/test_sessions.py."""
        self.given_somebody_signed_in(path="/")
        self.page.clock.install()
        server = _Server(self.page.evaluate("Date.now()"))
        self.page.route(
            "**/account/alive/", lambda route: server.answer(route, self.page.evaluate("Date.now()"))
        )
        self.when_opened("/account/devices/")
        server.who = str(self.page.locator("#idle").get_attribute("data-who"))
        for turn in range(1, 13):
            self.page.clock.run_for(IDLE_SECONDS * 500 + 500)
            expect(self.dialog()).to_be_visible()
            self.page.keyboard.press("Enter")
            expect(self.dialog()).to_be_hidden()
            assert server.extended == turn


class _Server:
    """Answers like /account/alive/, by the browser's clock."""

    def __init__(self, now: int) -> None:
        self.ends, self.extended, self.who = now + IDLE_SECONDS * 1000, 0, ""

    def answer(self, route: Route, now: int) -> None:
        if route.request.method == "POST":
            self.ends, self.extended = now + IDLE_SECONDS * 1000, self.extended + 1
        left = max(0, (self.ends - now) // 1000)
        route.fulfill(
            body=json.dumps({"left": left, "final": False, "who": self.who, "token": ""}),
            content_type="application/json",
        )


class TestTheEnd(Ending):
    @pytest.mark.long
    def test_login_page_is_kind_and_keeps_the_way_back(self) -> None:
        self.given_somebody_signed_in()
        self.when_nobody_answers()
        self.page.wait_for_url(f"{self.portal.url}/login/?next={quote('/account/devices/', safe='')}")
        expect(self.page.locator("main")).to_contain_text("Dla bezpieczeństwa")
        self.when_the_password_is_entered()
        self.when_the_code_is_entered()
        self.then_the_address_is("/account/devices/")

    def test_typed_text_survives_the_new_login(self) -> None:
        """2.2.6: the words stay in the page's memory, unseen, and in no storage (R59)."""
        self.given_somebody_signed_in(path=CONTACT)
        self.page.locator("main input[type=email]").fill(TYPED)
        self.when_nobody_answers()
        expect(self.dialog()).to_have_accessible_name("Nastąpiło wylogowanie")
        expect(self.page.locator("main")).to_be_hidden()
        expect(self.page.locator("header").first).to_be_hidden()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Escape")
        expect(self.dialog()).to_be_visible()
        assert self.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
        before = self.page
        with before.context.expect_page() as opened:
            before.get_by_role("link", name="Zaloguj się w nowym oknie").press("Enter")
        self.page = opened.value
        self.when_the_password_is_entered()
        self.when_the_code_is_entered()
        self.then_the_address_is("/account/back/")
        self.page = before
        expect(self.dialog()).to_be_hidden()
        expect(before.locator("main input[type=email]")).to_have_value(TYPED)
        before.locator("main form:has(input[type=email]) button[type=submit]").click()
        expect(before.locator("h1")).not_to_contain_text("formularz wygasł")
        self.then_the_address_is("/account/contact/mail/code/")

    @pytest.mark.long
    def test_somebody_else_never_sees_the_page(self) -> None:
        """Another account signs in meanwhile: what was typed is given up."""
        self.given_somebody_signed_in(path=CONTACT)
        self.page.locator("main input[type=email]").fill(TYPED)
        self.when_nobody_answers()
        before = self.page
        with before.context.expect_page() as opened:
            before.get_by_role("link", name="Zaloguj się w nowym oknie").click()
        self.given_another_person()
        self.page = opened.value
        self.when_the_password_is_entered()
        self.when_the_code_is_entered()
        expect(before.locator("input[type=email]")).to_have_count(0)
        assert TYPED not in before.content()

    def given_another_person(self) -> None:
        self.given_a_new_patient(given="Jan", family="Lis")
        visitor = Visitor(self.portal)
        visitor.sign_in(self.person)
        visitor.close()


class TestNothingStaysBehind(Ending):
    """R59: a shared computer"""

    def test_back_after_logout_shows_the_login(self) -> None:
        self.given_somebody_signed_in()
        self.when_opened("/account/information/")
        self.page.get_by_role("banner").get_by_text("Ewa Nowak").first.click()
        self.page.get_by_role("button", name="Wyloguj").click()
        self.then_the_address_is("/login/")
        self.page.go_back()
        self.then_the_address_is("/login/")
        assert "Ewa Nowak" not in self.page.content()
        assert self.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
        for path in ("/account/devices/", "/examinations/"):
            self.when_opened(path)
            self.then_the_address_is("/login/")

    def test_other_windows_close_with_the_logout(self) -> None:
        self.given_somebody_signed_in()
        first = self.page
        self.page = first.context.new_page()
        self.when_opened("/account/information/")
        self.page.get_by_role("banner").get_by_text("Ewa Nowak").first.click()
        self.page.get_by_role("button", name="Wyloguj").click()
        first.wait_for_url("**/login/?next=*")


class TestTheListOfDevices(Ending):
    """T-101"""

    def test_a_stranger_is_thrown_out_by_keyboard(self) -> None:
        self.given_somebody_signed_in()
        stranger = Visitor(self.portal)
        stranger.http.headers["User-Agent"] = (
            "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
        )
        stranger.sign_in(self.person)
        self.when_opened("/account/devices/")
        assert not violations(self.page)
        row = self.page.locator(".row", has_text="Firefox, Windows")
        row.get_by_role("button", name=re.compile("Wyloguj")).press("Enter")
        expect(self.page.locator(".banner-ok")).to_be_visible()
        expect(row).to_have_count(0)
        assert stranger.http.get("/account/devices/").status_code == 302
        stranger.close()
        self.when_opened("/account/devices/")
        self.then_the_address_is("/account/devices/")


class TestALinkForSomebodyElse(Ending):
    """S43"""

    def test_wrong_account_gets_a_clear_message(self) -> None:
        self.given_somebody_signed_in()
        self.when_opened(f"/documents/?for={'0' * 24}")
        self.then_the_heading_is("Ten link jest do innego konta")
        self.then_the_page_says(self.person.user_name)
        assert not violations(self.page)
        self.page.get_by_role("button", name="Zaloguj się inną nazwą użytkownika").click()
        self.then_the_address_is("/login/")
