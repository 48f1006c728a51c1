"""Manual, chapter 3: the examination, its images, its report, its copy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.portal import ROOT

from . import pixels
from .browser import DESKTOP, PHONE
from .story import Story

REPORTS = ROOT / "klisza" / "operations" / "demo" / "data" / "reports"
SCREENS = pytest.mark.parametrize(
    "screen", [PHONE, pytest.param(DESKTOP, marks=pytest.mark.long)], ids=["phone", "desktop"]
)
ALIKE = 0.93
DRAWN = "#picture[data-state=drawn]:not([data-waiting])"

# folder of the demo, whose, which row of the list, series with the pictures
PICTURES = [
    ("ct-head", "anna.kowalczyk@poczta.example", "+48600100101", 0, 2),
    ("cr-chest", "anna.kowalczyk@poczta.example", "+48600100101", 1, 1),
    ("mr-head", "anna.kowalczyk@poczta.example", "+48600100101", 2, 1),
    ("ct-neck", "anna.kowalczyk@poczta.example", "+48600100101", 3, 1),
    ("mr-liver", "maria.zielinska@poczta.example", "+48600100103", 0, 1),
    ("ct-liver", "maria.zielinska@poczta.example", "+48600100103", 1, 1),
    ("cr-leg", "piotr.kaminski@poczta.example", "+48600100104", 0, 1),
    ("nm-bones", "tomasz.szymanski@poczta.example", "+48600100106", 0, 1),
    ("us-elbow", "lukasz.dabrowski@poczta.example", "+48600100108", 0, 1),
    ("mr-functional", "zofia.wojcik@poczta.example", "+48600100109", 0, 1),
    ("xa-coronary", "wisniewscy@poczta.example", "+48600100102", 0, 1),
    ("us-heart", "wisniewscy@poczta.example", "+48600100102", 1, 1),
    ("us-doppler", "wisniewscy@poczta.example", "+48600100107", 0, 1),
]


# Of the others tests/viewer/test_viewer_browser.py always looks at some.
ALWAYS = ("mr-head", "us-doppler")


class Results(Story):
    """Steps that the stories of this chapter share."""

    def when_examination_is_opened(self, number: int = 0) -> None:
        """number: which row of the list, newest first."""
        self.page.locator("main .row-title a").nth(number).click()
        self.page.wait_for_url(re.compile(r"/examinations/[0-9a-f-]{36}/$"))

    def when_the_viewer_is_opened(self) -> Page:
        with self.page.context.expect_page() as opened:
            self.page.get_by_role("link", name="Otwórz w przeglądarce obrazów").first.click()
        self.page = opened.value
        expect(self.page.locator("#viewport canvas").first).to_be_visible()
        expect(self.page.locator(DRAWN)).to_be_visible()
        return self.page

    def when_series_is_chosen(self, number: int) -> None:
        card = self.page.locator(f"[data-series='{number - 1}']")
        if card.get_attribute("aria-current") != "true":
            if not card.is_visible():
                self.page.locator("[data-opens='panel-series']").click()
            card.click()
        expect(card).to_have_attribute("aria-current", "true")
        expect(self.page.locator(DRAWN)).to_be_visible()

    def position(self) -> tuple[int, int]:
        slider = self.page.locator("#slider")
        return int(slider.input_value()), int(slider.get_attribute("max") or 0)


class TestTheExaminationPage(Results):
    """M2.7, M3.1"""

    @SCREENS
    def test_it_shows_a_preview(self, screen: dict[str, int]) -> None:
        self.given_a_signed_in_patient(screen=screen)
        row = self.page.locator("main .row").first
        expect(row).to_contain_text("Opis dostępny")
        expect(row).to_contain_text("Obrazy dostępne")
        self.when_examination_is_opened()
        picture = self.page.locator("main img").first
        expect(picture).to_be_visible()
        assert self.page.wait_for_function("() => document.querySelector('main img').naturalWidth > 100")
        self.then_nothing_is_wider_than_the_screen()

    def test_images_without_a_report(self) -> None:
        self.given_a_signed_in_patient("tomasz.szymanski@poczta.example", "+48600100106")
        row = self.page.locator("main .row").first
        expect(row).to_contain_text("Obrazy dostępne")
        expect(row).not_to_contain_text("Opis dostępny")

    def test_a_report_without_images(self) -> None:
        self.given_a_signed_in_patient("barbara.lewandowska@poczta.example", "+48600100105")
        row = self.page.locator("main .row").first
        expect(row).to_contain_text("Opis dostępny")
        expect(row).not_to_contain_text("Obrazy dostępne")
        self.when_examination_is_opened()
        expect(self.page.get_by_role("link", name="Otwórz w przeglądarce obrazów")).to_have_count(0)


class TestTheReport(Results):
    """M3.3"""

    def report(self) -> bytes:
        return (REPORTS / "TK-2026-11804.pdf").read_bytes()

    def test_download_gives_the_original_bytes(self) -> None:
        self.given_a_signed_in_patient()
        self.when_examination_is_opened()
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name="Pobierz", exact=True).first.click()
        assert Path(download.value.path()).read_bytes() == self.report()

    def test_print_gives_the_original_bytes(self) -> None:
        self.given_a_signed_in_patient()
        self.when_examination_is_opened()
        address = self.page.get_by_role("link", name="Drukuj", exact=True).first.get_attribute("href")
        answer = self.page.request.get(self.portal.url + str(address))
        assert answer.body() == self.report()
        assert answer.headers["content-disposition"].startswith("inline")

    def test_it_can_be_read_on_the_page(self) -> None:
        """S29: page images with their text for screen readers."""
        self.given_a_signed_in_patient()
        self.when_examination_is_opened()
        expect(self.page.locator("main")).to_contain_text("Nie uwidoczniono zmian ogniskowych")

    def test_it_stands_beside_the_images(self) -> None:
        """M3.2, M3.3 in the viewer."""
        self.given_a_signed_in_patient()
        self.when_examination_is_opened()
        self.when_the_viewer_is_opened()
        if not self.page.locator("#report").is_visible():
            self.page.locator("[data-action='report']").click()
        pane = self.page.locator("#report")
        expect(pane.get_by_role("link", name="Pobierz")).to_be_visible()
        expect(pane.get_by_role("link", name="Drukuj")).to_be_visible()
        address = pane.get_by_role("link", name="Pobierz").get_attribute("href")
        assert self.page.request.get(self.portal.url + str(address)).body() == self.report()


class TestACtIsScrolledByTouch(Results):
    """M1.2, M3.2 on a phone held upright"""

    def test_from_the_first_to_the_last_image(self) -> None:
        self.given_a_signed_in_patient(screen=PHONE)
        self.when_examination_is_opened()
        self.when_the_viewer_is_opened()
        self.when_series_is_chosen(2)
        _, last = self.position()
        assert last == 58
        for _ in range(60):
            if self.position()[0] == last:
                break
            self.swipe(300)
        assert self.position()[0] == last
        self.then_the_picture_is(pixels.files("ct-head", 2)[-1])

    def swipe(self, distance: int) -> None:
        """One finger, over the image, in the direction that goes on (downwards)."""
        box = self.page.locator("#viewport").bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 - distance / 2
        client = self.page.context.new_cdp_session(self.page)
        client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, 11):
            point = {"x": x, "y": y + distance * step / 10}
            client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        client.detach()
        self.page.wait_for_timeout(150)

    def then_the_picture_is(self, file: Path) -> None:
        alike = _wait_for_likeness(self.page, file)
        assert alike > ALIKE, alike


class TestEveryModalityDraws(Results):
    """S26-S28: a statistic of the drawn picture against pydicom's decode, not just "not blank"."""

    @pytest.mark.parametrize(
        ("folder", "email", "mobile", "row", "series"),
        [
            pytest.param(*row, id=row[0], marks=[] if row[0] in ALWAYS else [pytest.mark.long])
            for row in PICTURES
        ],
    )
    def test_the_drawn_picture_is_the_stored_one(
        self, folder: str, email: str, mobile: str, row: int, series: int
    ) -> None:
        self.given_a_signed_in_patient(email, mobile)
        self.when_examination_is_opened(row)
        self.when_the_viewer_is_opened()
        self.when_series_is_chosen(series)
        file = pixels.files(folder, series)[
            self.position()[0] - 1 if len(pixels.files(folder, series)) > 1 else 0
        ]
        alike = _wait_for_likeness(self.page, file, frame=self.position()[0] - 1)
        assert alike > ALIKE, f"{folder}: {alike:.3f}"


def _wait_for_likeness(page: Page, file: Path, frame: int = 0) -> float:
    """The best of a few looks: the full picture may replace the preview a moment later."""
    best = 0.0
    for _ in range(20):
        best = max(best, pixels.likeness(pixels.drawn(page), pixels.decoded(file, frame)))
        if best > ALIKE:
            break
        page.wait_for_timeout(250)
    return best


class TestTheMenuOfTheExamination(Results):
    def test_from_the_menu_of_the_examination(self) -> None:
        """M7.1: Akcje holds Export DICOM, Pobierz opis, Drukuj opis."""
        self.given_a_signed_in_patient()
        self.when_examination_is_opened()
        self.page.get_by_text("Akcje", exact=True).first.click()
        for name in ("Export DICOM", "Pobierz opis", "Drukuj opis"):
            expect(self.page.get_by_role("link", name=name).first).to_be_visible()
