"""The viewer on a machine whose browser has no WebGL: Cornerstone draws with the processor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.stories import pixels

from .looking import Looking, modality_values


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    options = ["--no-sandbox", "--disable-gpu", "--disable-software-rasterizer"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        yield chromium
        chromium.close()


class TestWithoutWebGl(Looking):
    def test_images_are_drawn_all_the_same(self) -> None:
        page = self.given_the_viewer()
        assert not page.evaluate("!!document.createElement('canvas').getContext('webgl2')")
        found = self.decoded()
        expected = modality_values(pixels.files("ct-head", 2), found["index"])
        assert found["mean"] == pytest.approx(expected.mean(), rel=1e-3)
        assert pixels.drawn(page).std() > 20

    def test_scrolling_zoom_and_rotation_work(self) -> None:
        self.given_the_viewer()
        before = self.zoom()
        self.when_pressed("End", "+", "r", "i")
        self.then_the_position_is("58 / 58")
        self.then_an_image_is_drawn()
        assert self.zoom() > before
