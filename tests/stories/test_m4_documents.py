"""Manual, chapter 4: other documents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.portal import ROOT

from .browser import DESKTOP, PHONE
from .story import Story

REPORTS = ROOT / "klisza" / "operations" / "demo" / "data" / "reports"


class TestMyDocuments(Story):
    """M4.1, M4.2"""

    @pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
    def test_every_report_is_listed(self, screen: dict[str, int]) -> None:
        self.given_a_signed_in_patient(screen=screen)
        self.page.get_by_role("link", name="Moje dokumenty").click()
        self.then_the_address_is("/documents/")
        for name in ("Opisy badań", "Od szpitala", "Moje"):
            expect(self.page.locator("main").get_by_text(name, exact=True).first).to_be_visible()
        self.page.get_by_role("link", name="Opisy badań", exact=True).click()
        expect(self.page.locator("main .row")).to_have_count(4)
        self.then_nothing_is_wider_than_the_screen()

    def test_a_report_leads_to_its_examination(self) -> None:
        self.given_a_signed_in_patient()
        self.when_opened("/documents/?show=report")
        self.page.locator("main .row-title a").first.click()
        self.page.wait_for_url(re.compile(r"/examinations/[0-9a-f-]{36}/"))

    def test_a_report_can_be_saved(self) -> None:
        self.given_a_signed_in_patient("barbara.lewandowska@poczta.example", "+48600100105")
        self.when_opened("/documents/")
        with self.page.expect_download() as download:
            self.page.locator("main .row").first.get_by_role("link", name="Pobierz").click()
        assert Path(download.value.path()).read_bytes() == (REPORTS / "BG-2026-00642.pdf").read_bytes()
