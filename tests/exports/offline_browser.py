"""Steps in an offline viewer, in Chromium and in Firefox: open it, turn to an image, read what is drawn."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import BrowserContext, Page, expect

from .firefox import Firefox

# Browsers decode baseline JPEG themselves, each with its own rounding.
JPEG_ROUNDING = 3.0
PIXELS = """() => { const canvas = document.querySelector('#pixels');
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let text = ''; for (let at = 0; at < data.length; at += 32768)
        text += String.fromCharCode(...data.subarray(at, at + 32768));
    return [canvas.width, canvas.height, btoa(text)]; }"""
DRAWN = "return document.querySelector('.surface')?.dataset.state === 'drawn'"


def opened(context: BrowserContext, path: Path) -> Page:
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    page.goto(path.as_uri())
    drawn(page)
    assert errors == []
    return page


def drawn(page: Page) -> None:
    expect(page.locator(".surface")).to_have_attribute("data-state", "drawn")


def show(page: Page, series: int, image: int = 0) -> None:
    page.locator(f"[data-series='{series}']").click()
    drawn(page)
    page.locator(".slider").evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", image + 1
    )
    expect(page.locator(".surface")).to_have_attribute("data-image", str(image))
    drawn(page)


def as_array(answer: list[Any]) -> NDArray[np.uint8]:
    width, height, data = answer
    rgba = np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)
    return rgba[..., :3]


def is_like(shown: NDArray[np.uint8], expected: NDArray[np.uint8], *, jpeg: bool = False) -> None:
    """shown: (rows, columns, 3); expected: the same, or one grey instead of three equal colours."""
    if expected.ndim == 2:
        expected = np.repeat(expected[..., None], 3, axis=2)
    assert shown.shape == expected.shape
    apart = np.abs(shown.astype(int) - expected)
    if jpeg:
        assert apart.mean() < JPEG_ROUNDING
    else:
        # The last bit of a floating point number may fall on the other side of a grey.
        assert apart.max() <= 1
        assert (apart > 0).mean() < 0.001


def show_in_firefox(fox: Firefox, series: int, image: int = 0) -> NDArray[np.uint8]:
    fox.run("document.querySelector(`[data-series='${arguments[0]}']`).click()", series)
    fox.wait_for(DRAWN)
    fox.run(
        "const slider = document.querySelector('.slider'); slider.value = arguments[0];"
        "slider.dispatchEvent(new Event('input'));",
        image + 1,
    )
    fox.wait_for(f"{DRAWN} && document.querySelector('.surface').dataset.image === '{image}'")
    return as_array(fox.run(f"return ({PIXELS})()"))
