"""M3.5: the viewer of an unpacked copy, opened from file:// in Chromium and Firefox as they ship."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.stories.browser import DESKTOP, PHONE, browser
from tests.stories.test_axe import violations

from .firefox import firefox
from .offline_browser import DRAWN, PIXELS, as_array, drawn, is_like, opened, show, show_in_firefox
from .offline_copy import HOSTILE, Copy, a_copy, rolled_back

__all__ = ["browser"]
TARGET = 44


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any) -> Copy:
    with django_db_blocker.unblock(), rolled_back():
        made = a_copy(tmp_path_factory.mktemp("copy"))
    return made


@pytest.fixture
def context(copy: Copy, browser: Browser) -> Iterator[BrowserContext]:
    """Default protections; a page that asks the network for anything fails the test."""
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    yield context
    context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


IMAGES = [("ct", 0, 0), ("mr", 1, 0), ("dx", 2, 0), ("film", 3, 5), ("rgb", 4, 0), ("palette", 5, 0)]


class TestDrawnPixelsAreThoseOfPydicom:
    """CT, MR, DX of MONOCHROME1, colour of several frames, RGB by planes, PALETTE COLOR."""

    def test_in_chromium(self, copy: Copy, context: BrowserContext) -> None:
        page = opened(context, copy.folder / "INDEX.HTM")
        for name, series, image in IMAGES:
            show(page, series, image)
            shown = as_array(page.evaluate(PIXELS))
            is_like(shown, copy.series[series].expected(image), jpeg=name == "film")

    def test_in_one_file(self, copy: Copy, context: BrowserContext, tmp_path: Path) -> None:
        alone = tmp_path / "PHONE.HTM"
        shutil.copy(copy.folder / "PHONE.HTM", alone)
        page = opened(context, alone)
        for name, series, image in IMAGES:
            show(page, series, image)
            shown = as_array(page.evaluate(PIXELS))
            is_like(shown, copy.series[series].expected(image), jpeg=name == "film")
        assert page.locator("html").get_attribute("lang") == "uk"

    def test_in_firefox(self, copy: Copy, tmp_path: Path) -> None:
        with firefox(tmp_path) as fox:
            fox.open((copy.folder / "INDEX.HTM").as_uri())
            fox.wait_for(DRAWN)
            for name, series, image in IMAGES:
                shown = show_in_firefox(fox, series, image)
                is_like(shown, copy.series[series].expected(image), jpeg=name == "film")
            assert fox.run("return fetch('README.TXT').then(() => 'read', () => 'refused')") == "refused"

    def test_what_is_on_the_screen(self, copy: Copy, context: BrowserContext) -> None:
        page = opened(context, copy.folder / "INDEX.HTM")
        brightness = """() => { const canvas = document.querySelector('.screen');
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            return data.reduce((sum, value, at) => at % 4 === 3 ? sum : sum + value, 0) / data.length; }"""
        assert page.evaluate(brightness) > 5


class TestHands:
    """S31, M1.2: by keyboard, mouse and finger"""

    def test_keys(self, copy: Copy, context: BrowserContext) -> None:
        page = opened(context, copy.folder / "INDEX.HTM")
        position = page.locator("#position")
        page.keyboard.press("]")
        page.keyboard.press("]")
        page.keyboard.press("]")
        drawn(page)
        expect(position).to_have_text("1 / 8")
        for key, text in (("ArrowDown", "2 / 8"), ("End", "8 / 8"), ("ArrowUp", "7 / 8"), ("Home", "1 / 8")):
            page.keyboard.press(key)
            expect(position).to_have_text(text)
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="Zatrzymaj")).to_be_visible()
        expect(position).not_to_have_text("1 / 8")
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="Odtwarzaj")).to_be_visible()

    def test_a_drag_changes_the_window_and_presets_bring_one(
        self, copy: Copy, context: BrowserContext
    ) -> None:
        page = opened(context, copy.folder / "INDEX.HTM")
        window = page.locator(".corner.bottom.right")
        expect(window).to_have_text("Okno 40 / 400")
        box = page.locator(".surface").bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y + 30, steps=4)
        page.mouse.up()
        expect(window).not_to_have_text("Okno 40 / 400")
        page.get_by_label("Gotowe ustawienia jasności").select_option(label="Kości")
        expect(window).to_have_text("Okno 480 / 2500")
        page.get_by_role("button", name="Jak na początku").click()
        expect(window).to_have_text("Okno 40 / 400")

    def test_one_finger_turns_over_the_images(self, copy: Copy, browser: Browser) -> None:
        context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
        page = opened(context, copy.folder / "INDEX.HTM")
        page.locator("[data-series='3']").tap()
        drawn(page)
        box = page.locator(".surface").bounding_box()
        assert box
        client = context.new_cdp_session(page)
        for step in range(6):
            point = {"x": box["x"] + 150, "y": box["y"] + 100 + 15 * step}
            kind = "touchMove" if step else "touchStart"
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        expect(page.locator("#position")).not_to_have_text("1 / 8")
        context.close()

    @pytest.mark.parametrize(
        "screen", [PHONE, DESKTOP, {"width": 360, "height": 640}], ids=["390", "1280", "360"]
    )
    def test_targets_are_large_and_nothing_is_wider(
        self, copy: Copy, browser: Browser, screen: dict[str, int]
    ) -> None:
        context = browser.new_context(viewport=screen)  # type: ignore[arg-type]
        page = opened(context, copy.folder / "INDEX.HTM")
        show(page, 3)
        for one in page.locator("button:visible, select:visible, .slider:visible").all():
            box = one.bounding_box()
            assert box
            assert min(box["height"], box["width"]) >= TARGET, one.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"]
        assert page.evaluate("document.documentElement.scrollHeight") <= screen["height"]
        context.close()


class TestEverybody:
    """axe-core finds nothing (trust.md 7.1), in the light and in the dark"""

    @pytest.mark.parametrize(
        ("screen", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"]
    )
    def test_axe_is_clean(self, copy: Copy, browser: Browser, screen: Any, scheme: Any) -> None:
        context = browser.new_context(viewport=screen, color_scheme=scheme)
        page = opened(context, copy.folder / "INDEX.HTM")
        show(page, 3)
        assert violations(page) == []
        page.get_by_role("button", name="Opis").click()
        assert violations(page) == []
        page.get_by_role("button", name="Zamknij").click()
        page.get_by_role("button", name="O tych plikach").click()
        assert violations(page) == []
        context.close()


class TestMemory:
    def test_a_series_that_is_left_leaves_nothing(self, copy: Copy, context: BrowserContext) -> None:
        """Its scripts are gone from the page, and nothing but the series on the screen is loaded again."""
        page = opened(context, copy.folder / "INDEX.HTM")
        loaded: list[str] = []
        page.on("request", lambda request: loaded.append(request.url))
        show(page, 4)
        show(page, 0)
        assert page.locator("script[src*='/SE0']").count() == 0
        assert [url.rsplit("/", 2)[1] for url in loaded] == ["SE0005", "SE0001"]


class TestWords:
    def test_three_languages(self, copy: Copy, context: BrowserContext) -> None:
        page = opened(context, copy.folder / "INDEX.HTM")
        expect(page.get_by_role("button", name="Opis")).to_be_visible()
        for code, name in (("en", "Report"), ("uk", "Опис"), ("pl", "Opis")):
            page.locator(".language").select_option(code)
            expect(page.get_by_role("button", name=name)).to_be_visible()
            assert page.locator("html").get_attribute("lang") == code

    def test_the_report_stands_beside_the_images(self, copy: Copy, context: BrowserContext) -> None:
        page = opened(context, copy.folder / "INDEX.HTM")
        page.get_by_role("button", name="Opis").click()
        expect(page.locator(".report h2")).to_be_visible()
        page.get_by_role("button", name="Zamknij").click()
        expect(page.locator(".report")).to_be_hidden()

    def test_hostile_names_are_text(self, copy: Copy, context: BrowserContext) -> None:
        """R30: in the name of the patient and of a series."""
        for name in ("INDEX.HTM", "PHONE.HTM"):
            page = opened(context, copy.folder / name)
            expect(page.locator(".who")).to_contain_text("</script><img src=x onerror=")
            expect(page.locator("[data-series='1'] b")).to_have_text(HOSTILE[:60])
            assert page.locator("img[src='x']").count() == 0
            assert page.title() != "1"

    def test_inside_a_zip_it_asks_to_unpack(
        self, copy: Copy, context: BrowserContext, tmp_path: Path
    ) -> None:
        """Windows unpacks the one file that was opened, and nothing beside it."""
        shutil.copy(copy.folder / "INDEX.HTM", tmp_path)
        page = context.new_page()
        page.goto((tmp_path / "INDEX.HTM").as_uri())
        expect(page.get_by_text("Rozpakuj najpierw cały plik ZIP")).to_be_visible()

    def test_a_missing_data_file_says_the_same(
        self, copy: Copy, context: BrowserContext, tmp_path: Path
    ) -> None:
        shutil.copytree(copy.folder, tmp_path / "part")
        shutil.rmtree(tmp_path / "part" / "VIEWER" / "SE0001")
        page = context.new_page()
        page.goto((tmp_path / "part" / "INDEX.HTM").as_uri())
        expect(page.locator(".notice")).to_contain_text("Rozpakuj najpierw cały plik ZIP")


class TestFiles:
    def test_names_are_8_3_and_upper_case(self, copy: Copy) -> None:
        """PDI check 9."""
        for member in copy.files:
            *folders, file = member.name.split("/")
            assert all(re.fullmatch(r"[A-Z0-9_]{1,8}", folder) for folder in folders)
            assert re.fullmatch(r"[A-Z0-9_]{1,8}\.[A-Z0-9]{1,3}", file), member.name

    def test_lengths_and_checksums_are_those_told(self, copy: Copy) -> None:
        for member in copy.files:
            data = (copy.folder / member.name).read_bytes()
            assert (len(data), zlib.crc32(data)) == (member.size, member.crc32), member.name

    def test_the_description_closes_no_script(self, copy: Copy) -> None:
        text = (copy.folder / "VIEWER" / "DATA.JS").read_text("utf-8")
        assert "<" not in text
        described = json.loads(text.removeprefix("KLISZA_DATA(").removesuffix(");\n"))
        assert described["examinations"][0]["series"][1]["title"] == HOSTILE[:60]
