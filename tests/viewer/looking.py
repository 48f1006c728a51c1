"""Steps that the viewer's tests share: open it, ask it what it decoded, touch it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from pydicom import dcmread
from pydicom.pixels import apply_modality_lut

from tests.stories.browser import DESKTOP
from tests.stories.story import ANNA, Story

JAN = ("wisniewscy@poczta.example", "+48600100102")
DRAWN_SECONDS = 60
Point = dict[str, float]


class Looking(Story):
    def given_the_viewer(
        self, who: tuple[str, str] = ANNA, row: int = 0, *, wait: bool = True, **browser: Any
    ) -> Page:
        """The examination in this row of the list, newest first, in the viewer."""
        self.given_a_signed_in_patient(*who, **({"screen": DESKTOP} | browser))
        self.page.locator("main .row-title a").nth(row).click()
        self.page.wait_for_url(re.compile(r"/examinations/[0-9a-f-]{36}/$"))
        link = self.page.get_by_role("link", name="Otwórz w przeglądarce obrazów").first
        self.page.goto(self.portal.url + str(link.get_attribute("href")))
        if wait:
            self.then_an_image_is_drawn()
        return self.page

    def when_series_is_chosen(self, number: int) -> None:
        card = self.page.locator(f"[data-series='{number - 1}']")
        if card.get_attribute("aria-current") == "true":
            return
        if not card.is_visible():
            self.page.locator("[data-opens='panel-series']").click()
        card.click()
        self.then_an_image_is_drawn()

    def when_pressed(self, *keys: str) -> None:
        self.page.locator("#viewport").focus()
        for key in keys:
            self.page.keyboard.press(key)

    def when_fingers_move(self, *ways: tuple[Point, Point], steps: int = 12) -> None:
        """Each finger goes straight from one point to another."""
        client = self.page.context.new_cdp_session(self.page)
        for step in range(steps + 1):
            points = [
                _between(start, end, step / steps) | {"id": number}
                for number, (start, end) in enumerate(ways)
            ]
            kind = "touchMove" if step else "touchStart"
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            self.page.wait_for_timeout(16)
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        client.detach()

    def then_an_image_is_drawn(self) -> None:
        expect(self.page.locator("#picture")).to_have_attribute(
            "data-state", "drawn", timeout=DRAWN_SECONDS * 1000
        )

    def then_the_position_is(self, text: str) -> None:
        expect(self.page.locator("#position")).to_have_text(text)

    def middle(self) -> Point:
        box = self.page.locator("#viewport").bounding_box()
        assert box
        return {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}

    def zoom(self) -> float:
        text = self.page.locator("#o-zoom").inner_text()
        found = re.search(r"[\d,]+", text)
        assert found, text
        return float(found.group().replace(",", "."))

    def decoded(self) -> dict[str, Any]:
        """What the viewer decoded for the image on the screen (frontend/viewer/pixels.ts)."""
        viewport = self.page.locator("#viewport")
        viewport.evaluate("element => element.dispatchEvent(new Event('klisza:describe'))")
        described: dict[str, Any] = json.loads(str(viewport.get_attribute("data-pixels")))
        return described


def _between(start: Point, end: Point, share: float) -> dict[str, Any]:
    return {axis: start[axis] + (end[axis] - start[axis]) * share for axis in ("x", "y")}


def modality_values(files: list[Path], index: int) -> NDArray[np.float64]:
    """By pydicom: image `index` of a series, which is one file for each image or one file for all."""
    ds = dcmread(files[index] if len(files) > 1 else files[0])
    pixel_array = ds.pixel_array
    if int(ds.get("NumberOfFrames") or 1) > 1:
        pixel_array = pixel_array[index if len(files) == 1 else 0]
    return np.asarray(apply_modality_lut(pixel_array, ds), dtype=np.float64)
