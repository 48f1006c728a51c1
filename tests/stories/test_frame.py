"""What every page has: one heading, a title of its own, the language, support, keys that work."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .fed import NAMES, fed
from .sites import OPEN_PAGES, PATIENT_PAGES, SURVEY_PAGES, pages_of
from .story import ANNA, Story
from .surveys import OPTIONAL, Surveys
from .visitor import Visitor


class Frame(Story):
    def then_the_frame_is_whole(self, name: str) -> str:
        """Returns the title."""
        page = self.page
        assert page.locator("h1").count() == 1, f"{name}: {page.locator('h1').count()} headings of level 1"
        assert page.locator("html").get_attribute("lang") == "pl", name
        expect(page.get_by_role("main")).to_have_count(1)
        first = page.evaluate("document.querySelector('a, button, input')?.getAttribute('href')")
        assert first == "#main", f"{name}: the skip link is not first"
        footer = page.get_by_role("contentinfo")
        expect(footer).to_contain_text("pomoc@szpital.example")
        expect(footer).to_contain_text("+48 22 000 00 00")
        return page.title()


class TestEveryPage(Frame, Surveys):
    """S4, trust.md 7.2"""

    def test_open_pages(self) -> None:
        self.given_a_browser()
        titles = []
        for name, path in OPEN_PAGES.items():
            self.when_opened(path)
            if name != "browser":
                titles.append(self.then_the_frame_is_whole(name))
        assert len(set(titles)) == len(titles), titles

    def test_pages_of_a_patient(self) -> None:
        self.given_a_signed_in_patient()
        titles = []
        for name, path in PATIENT_PAGES.items():
            self.when_opened(path)
            titles.append(self.then_the_frame_is_whole(name))
        assert len(set(titles)) == len(titles), titles

    @pytest.mark.parametrize("name", ["examination", "download"])
    def test_pages_of_an_examination(self, name: str) -> None:
        _, cookies = self._signed_in(*ANNA)
        visitor = Visitor(self.portal)
        for cookie in cookies:
            visitor.http.cookies.set(cookie["name"], cookie["value"])
        address = pages_of(visitor)[name]
        visitor.close()
        self.given_a_signed_in_patient()
        self.when_opened(address)
        self.then_the_frame_is_whole(name)

    def test_pages_of_a_survey(self) -> None:
        self.given_the_hospital_asks(OPTIONAL, takes_files=True)
        self.given_a_signed_in_patient()
        titles = []
        for name, path in SURVEY_PAGES.items():
            self.when_opened(f"/surveys/{self.survey}/{path}")
            titles.append(self.then_the_frame_is_whole(name))
        assert len(set(titles)) == len(titles), titles

    def test_pages_of_every_state(self) -> None:
        """What the hospital's messages make: each with a title of its own."""
        pages, cookies = fed(self.portal)
        self.given_a_browser().context.add_cookies(cookies)  # type: ignore[arg-type]
        titles = []
        for name in NAMES:
            if not name.startswith("viewer-"):
                self.when_opened(pages[name])
                titles.append(self.then_the_frame_is_whole(name))
        assert len(set(titles)) == len(titles), titles


class TestTheKeyboardIsEnough(Frame):
    """trust.md 7.4 (T-93): no pointer from the login to the viewer and out again"""

    def test_to_the_earlier_version_of_a_report(self) -> None:
        self._open_of_hers("corrected")
        self.when_tabbed_to(".report-history > summary")
        self.page.keyboard.press("Enter")
        self.when_tabbed_to(".report-history a")
        self.page.keyboard.press("Enter")
        self.then_the_page_says("To wcześniejsza wersja.")

    def test_to_the_day_of_the_visit(self) -> None:
        """An empty day is refused in words, and nothing is saved."""
        self._open_of_hers("held-visit")
        self.when_tabbed_to(".visit-form button")
        self.page.keyboard.press("Enter")
        self.then_the_page_says("Kiedy odbędzie się wizyta?")

    def test_through_the_preferences(self) -> None:
        self._open_of_hers("many-states")
        self.when_opened("/account/results/")
        self.when_tabbed_to("#id_notice_channel_0, [name=notice_channel]")
        self.page.keyboard.press("ArrowDown")
        self.when_tabbed_to("main button[type=submit]")
        self.page.keyboard.press("Enter")
        self.then_the_page_says("Zapisano.")
        expect(self.page.locator("[name=notice_channel][value=sms]")).to_be_checked()

    def _open_of_hers(self, name: str) -> None:
        pages, cookies = fed(self.portal)
        self.given_a_browser().context.add_cookies(cookies)  # type: ignore[arg-type]
        self.when_opened(pages[name])

    def test_from_the_list_to_the_viewer_and_out(self) -> None:
        self.given_a_signed_in_patient()
        self.when_tabbed_to("main .row-title a")
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/examinations/*/")
        self.when_tabbed_to("a[href*='/viewer/']")
        with self.page.context.expect_page() as opened:
            self.page.keyboard.press("Enter")
        self.page = opened.value
        expect(self.page.locator("#viewport canvas").first).to_be_visible()
        self.when_tabbed_to("#viewport")
        self.page.keyboard.press("End")
        expect(self.page.locator("#slider")).not_to_have_value("1")

    def when_tabbed_to(self, selector: str) -> None:
        for _ in range(60):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => !!document.activeElement.closest(selector)", selector):
                return
        raise AssertionError(f"no way to {selector} by Tab")
