"""The viewer in Chromium: decoded values against pydicom, touch, keys, trouble on the way."""

from __future__ import annotations

import re

import pytest
from _pytest.mark import ParameterSet
from playwright.sync_api import expect

from tests.stories import pixels
from tests.stories.browser import PHONE, browser
from tests.stories.test_axe import violations

from .looking import JAN, Looking, modality_values

__all__ = ["browser"]
MARIA = ("maria.zielinska@poczta.example", "+48600100103")
PIOTR = ("piotr.kaminski@poczta.example", "+48600100104")
TOMASZ = ("tomasz.szymanski@poczta.example", "+48600100106")
ANNA = ("anna.kowalczyk@poczta.example", "+48600100101")
HELENA = ("wisniewscy@poczta.example", "+48600100107")
LUKASZ = ("lukasz.dabrowski@poczta.example", "+48600100108")
ZOFIA = ("zofia.wojcik@poczta.example", "+48600100109")
# folder of the demo, whose, row of the list, series
GREY = [
    ("ct-head", ANNA, 0, 2),
    ("cr-chest", ANNA, 1, 1),
    ("mr-head", ANNA, 2, 1),
    ("ct-liver", MARIA, 1, 1),
    ("mr-liver", MARIA, 0, 1),
    ("cr-leg", PIOTR, 0, 1),
    ("nm-bones", TOMASZ, 0, 1),
    ("mr-functional", ZOFIA, 0, 1),
]
MOVING = [
    ("xa-coronary", JAN, 0, 1),
    ("us-heart", JAN, 1, 1),
    ("us-doppler", HELENA, 0, 1),
    ("us-elbow", LUKASZ, 0, 1),
]
# Browsers decode baseline JPEG themselves, each with its own rounding.
COLOUR_ROUNDING = 3.0
# Of the others tests/stories/test_m3_results.py always looks at some.
ALWAYS = ("ct-head", "cr-chest", "nm-bones", "xa-coronary")
Row = tuple[str, tuple[str, str], int, int]


def _cases(rows: list[Row]) -> list[ParameterSet]:
    return [
        pytest.param(*row, id=row[0], marks=[] if row[0] in ALWAYS else [pytest.mark.long]) for row in rows
    ]


class TestDecodedValuesAreThoseOfPydicom(Looking):
    @pytest.mark.parametrize(("folder", "who", "row", "series"), _cases(GREY))
    def test_grey_images(self, folder: str, who: tuple[str, str], row: int, series: int) -> None:
        self.given_the_viewer(who, row)
        self.when_series_is_chosen(series)
        found = self.decoded()
        expected = modality_values(pixels.files(folder, series), found["index"])
        assert (found["rows"], found["columns"]) == expected.shape
        assert found["min"] == pytest.approx(expected.min(), abs=1)
        assert found["max"] == pytest.approx(expected.max(), abs=1)
        assert found["mean"] == pytest.approx(expected.mean(), rel=1e-3, abs=0.05)

    @pytest.mark.parametrize(("folder", "who", "row", "series"), _cases(MOVING))
    def test_moving_images(self, folder: str, who: tuple[str, str], row: int, series: int) -> None:
        self.given_the_viewer(who, row, reduced_motion="reduce")
        self.when_series_is_chosen(series)
        found = self.decoded()
        expected = modality_values(pixels.files(folder, series), found["index"])
        assert (found["rows"], found["columns"]) == expected.shape[:2]
        assert found["mean"] == pytest.approx(expected.mean(), abs=COLOUR_ROUNDING)


class TestFingers(Looking):
    """S31, M1.2: held upright, by touch alone"""

    def test_one_finger_scrolls_to_the_end(self) -> None:
        self.given_the_viewer(screen=PHONE)
        middle = self.middle()
        for _ in range(3):
            self.when_fingers_move(({**middle, "y": middle["y"] - 200}, {**middle, "y": middle["y"] + 200}))
        self.then_the_position_is("58 / 58")
        self.then_an_image_is_drawn()

    def test_two_fingers_zoom(self) -> None:
        self.given_the_viewer(screen=PHONE)
        before, middle = self.zoom(), self.middle()
        left, right = {**middle, "x": middle["x"] - 30}, {**middle, "x": middle["x"] + 30}
        self.when_fingers_move(
            (left, {**left, "x": left["x"] - 60}), (right, {**right, "x": right["x"] + 60})
        )
        assert self.zoom() > before * 1.3

    def test_every_gesture_has_a_button(self) -> None:
        """WCAG 2.5.1, 2.5.7"""
        page = self.given_the_viewer(screen=PHONE)
        page.get_by_role("button", name="Następny obraz").tap()
        self.then_the_position_is("31 / 58")
        page.locator("[data-opens='panel-view']:visible").tap()
        before = self.zoom()
        page.locator("[data-action='zoom-in']").tap()
        assert self.zoom() > before
        page.locator("[data-opens='panel-window']:visible").tap()
        page.get_by_role("button", name="Kości").tap()
        expect(page.locator("#o-window")).to_have_text("Okno 480 / 2500")

    def test_a_length_is_drawn_and_deleted(self) -> None:
        page = self.given_the_viewer(screen=PHONE)
        page.locator("[data-opens='panel-measure']:visible").tap()
        page.locator("[data-mode='length']").tap()
        middle = self.middle()
        self.when_fingers_move(({**middle, "x": middle["x"] - 80}, {**middle, "x": middle["x"] + 80}))
        expect(page.locator(".svg-layer text")).to_have_text(re.compile(r"^\d+,\d mm$"))
        page.get_by_role("button", name="Zakończ").tap()
        page.locator("[data-opens='panel-measure']:visible").tap()
        page.locator("[data-action='delete']").tap()
        expect(page.locator(".svg-layer text")).to_have_count(0)

    def test_the_report_is_one_tap_away(self) -> None:
        page = self.given_the_viewer(screen=PHONE)
        expect(page.locator("#report")).to_be_hidden()
        page.locator("nav [data-action='report']").tap()
        expect(page.locator("#report").get_by_role("link", name="Pobierz")).to_be_visible()
        self.then_nothing_is_wider_than_the_screen()


class TestKeysAlone(Looking):
    """trust.md 7.4: change series, scroll, window, play, without a pointer"""

    def test_images_windows_and_zoom(self) -> None:
        page = self.given_the_viewer()
        self.when_pressed("End")
        self.then_the_position_is("58 / 58")
        self.when_pressed("Home", "PageDown", "ArrowUp")
        self.then_the_position_is("10 / 58")
        self.when_pressed("3")
        expect(page.locator("#o-window")).to_have_text("Okno 50 / 400")
        self.when_pressed("+", "+")
        assert self.zoom() > 1.4

    @pytest.mark.long
    def test_series_by_tab_and_enter(self) -> None:
        page = self.given_the_viewer()
        card = page.locator("[data-series='0']")
        self.tab_to("[data-series='0']")
        page.keyboard.press("Enter")
        expect(card).to_have_attribute("aria-current", "true")
        self.then_the_position_is("1 / 1")

    def test_nobody_is_caught_in_the_image(self) -> None:
        page = self.given_the_viewer()
        page.locator("#viewport").focus()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") != "viewport"

    @pytest.mark.long
    def test_panels_close_by_escape(self) -> None:
        page = self.given_the_viewer()
        self.tab_to("[data-opens='panel-window']")
        page.keyboard.press("Enter")
        expect(page.locator("#panel-window")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#panel-window")).to_be_hidden()
        expect(page.locator(".toolbar [data-opens='panel-window']")).to_be_focused()

    def test_a_film_is_paused_by_space(self) -> None:
        page = self.given_the_viewer(JAN, 1, reduced_motion="reduce")
        expect(page.locator("#play")).to_have_attribute("aria-pressed", "false")
        self.when_pressed(" ")
        expect(page.locator("#play")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#position")).not_to_have_text("1 / 120")
        self.when_pressed(" ")
        expect(page.locator("#play")).to_have_attribute("aria-pressed", "false")

    def test_the_position_is_announced_once_it_rests(self) -> None:
        page = self.given_the_viewer()
        self.when_pressed("End")
        expect(page.locator("#live")).to_have_text("Obraz 58 z 58")
        expect(page.locator("#viewport")).to_have_attribute(
            "aria-label", re.compile("Obraz 58 z 58. Seria 2: .*CT")
        )

    def tab_to(self, selector: str) -> None:
        for _ in range(60):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return
        raise AssertionError(f"{selector} is not reached by Tab")


class TestTrouble(Looking):
    """Errors are told with a way out; the page is never blank."""

    def test_a_lost_network_is_told_and_retried(self) -> None:
        page = self.given_the_viewer()
        page.context.route("**/frames/*", lambda route: route.abort())
        self.when_another_series_is_opened()
        expect(page.locator("#banner-text")).to_contain_text("połączenie z internetem")
        page.context.unroute("**/frames/*")
        page.get_by_role("button", name="Spróbuj ponownie").click()
        self.then_an_image_is_drawn()
        expect(page.locator("#banner")).to_be_hidden()

    def test_an_expired_ticket_is_renewed_unnoticed(self) -> None:
        page = self.given_the_viewer()
        base = page.evaluate("JSON.parse(document.querySelector('#viewer-config').textContent).base")
        page.context.route(f"**{base}/**", lambda route: route.fulfill(status=401, body=""))
        with page.expect_response(re.compile("/ticket/$")) as renewal:
            self.when_another_series_is_opened()
        assert renewal.value.ok
        self.then_the_position_is("1 / 1")
        self.then_an_image_is_drawn()
        expect(page.locator("#banner")).to_be_hidden()

    def test_an_ended_session_leads_to_the_login(self) -> None:
        page = self.given_the_viewer()
        page.context.route("**/dicom-web/t/**", lambda route: route.fulfill(status=401, body=""))
        page.context.clear_cookies()
        self.when_another_series_is_opened()
        link = page.get_by_role("link", name="Zaloguj się ponownie")
        expect(link).to_be_visible()
        assert str(link.get_attribute("href")).startswith("/login/?next=%2Fviewer%2F")

    def test_a_viewer_that_cannot_start_says_so(self) -> None:
        page = self.given_the_viewer(wait=False)
        page.context.route("**/assets/engine-*.js", lambda route: route.abort())
        page.reload()
        expect(page.locator("#banner-text")).to_contain_text("Nie udało się uruchomić")
        expect(page.locator("#preview")).to_be_visible()

    def when_another_series_is_opened(self) -> None:
        """One whose images are not in the cache yet."""
        self.page.locator("[data-series='0']").click()


class TestEveryStateIsAccessible(Looking):
    @pytest.mark.parametrize("scheme", ["dark", pytest.param("light", marks=pytest.mark.long)])
    def test_axe_finds_nothing_on_a_screen(self, scheme: str) -> None:
        page = self.given_the_viewer(color_scheme=scheme)
        assert violations(page) == []
        page.locator(".toolbar [data-opens='panel-window']").click()
        assert violations(page) == []
        page.locator("#more summary").click()
        assert violations(page) == []
        page.locator("[data-action='help']").click()
        assert violations(page) == []

    @pytest.mark.parametrize("scheme", ["dark", pytest.param("light", marks=pytest.mark.long)])
    def test_axe_finds_nothing_on_a_phone(self, scheme: str) -> None:
        page = self.given_the_viewer(screen=PHONE, color_scheme=scheme)
        for panel in ("series", "window", "view", "measure"):
            page.locator(f"[data-opens='panel-{panel}']:visible").tap()
            assert violations(page) == [], panel
        page.locator("nav [data-action='report']").tap()
        assert violations(page) == []
