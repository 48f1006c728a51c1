"""Manual, chapter 1 and the public page of chapter 0."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .browser import DESKTOP, NARROW, PHONE
from .story import Story

SCREENS = pytest.mark.parametrize("screen", [NARROW, PHONE, DESKTOP], ids=["320", "390", "1280"])


class TestTheAddressOpensThePortal(Story):
    """M0.1-M0.5, M1.1, M1.2"""

    @SCREENS
    def test_the_public_page_tells_the_way(self, screen: dict[str, int]) -> None:
        self.given_a_browser(screen=screen)
        self.when_opened("/")
        for kind in ("MR", "TK", "MMG", "RTG", "USG", "biopsje gruboigłowe", "radiologia zabiegowa"):
            expect(self.page.get_by_role("main")).to_contain_text(kind)
        expect(self.page.get_by_role("contentinfo")).to_contain_text("pomoc@szpital.example")
        expect(self.page.get_by_role("contentinfo")).to_contain_text("+48 22 000 00 00")
        self.then_nothing_is_wider_than_the_screen()

    def test_it_leads_to_the_login(self) -> None:
        self.given_a_browser()
        self.when_opened("/")
        self.page.locator("main a[href='/login/']").first.click()
        self.then_the_address_is("/login/")

    @pytest.mark.parametrize("language", ["English", "Українська", "Polski"])
    def test_the_language_can_be_chosen(self, language: str) -> None:
        self.given_a_browser()
        self.when_opened("/")
        code = {"English": "en", "Українська": "uk", "Polski": "pl"}[language]
        self.page.get_by_role("button", name=language).first.click()
        expect(self.page.locator("html")).to_have_attribute("lang", code)


class TestTheInstructionIsOneSource(Story):
    """M0.6"""

    def test_contents_list_and_eight_chapters(self) -> None:
        self.given_a_browser()
        self.when_opened("/instruction/")
        expect(self.page.get_by_text("Spis treści").first).to_be_visible()
        for chapter in range(1, 9):
            expect(self.page.get_by_role("heading", name=re.compile(rf"^{chapter}\.")).first).to_be_visible()

    def test_the_same_as_a_pdf(self) -> None:
        """The first reader of a new portal has it made; from then on its size stands beside it."""
        self.given_a_browser()
        answer = self.page.request.get(self.portal.url + "/instruction.pdf", timeout=60_000)
        assert answer.body().startswith(b"%PDF-")
        self.when_opened("/instruction/")
        with_size = re.compile(r"PDF, [\d,.]+\s(kB|KB|MB)")
        expect(self.page.locator("main :has(> a[href='/instruction.pdf'])").first).to_contain_text(with_size)
