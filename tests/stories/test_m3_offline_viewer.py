"""Manual, M3.5: the viewer of a downloaded copy, unpacked, in Chromium and in Firefox without the portal."""

from __future__ import annotations

import zipfile
from pathlib import Path

from playwright.sync_api import expect
from pydicom import dcmread

from tests.exports.firefox import firefox
from tests.exports.offline_browser import DRAWN, PIXELS, as_array, is_like, opened, show, show_in_firefox
from tests.exports.offline_copy import grey

from . import pixels
from .browser import DESKTOP, PHONE
from .test_m3_export import Copies

SLICES = pixels.files("ct-head", 2)
SERIES, SLICE = 1, 20


class TestTheUnpackedViewer(Copies):
    def given_an_unpacked_copy(self, folder: Path) -> Path:
        self.given_a_signed_in_patient(screen=DESKTOP)
        self.when_examination_is_opened()
        self.when_the_dialog_is_opened()
        file = self.when_it_is_confirmed()
        zipfile.ZipFile(file).extractall(folder)
        return folder

    def test_it_draws_what_pydicom_reads(self, tmp_path: Path) -> None:
        """58 slices of a CT; the same values in both browsers, and on a phone from one file."""
        folder = self.given_an_unpacked_copy(tmp_path / "copy")
        ds = dcmread(SLICES[SLICE])
        expected = grey(ds.pixel_array, ds)
        browser = self.page.context.browser
        assert browser
        for name, screen in (("INDEX.HTM", DESKTOP), ("PHONE.HTM", PHONE)):
            context = browser.new_context(viewport=screen, offline=True)  # type: ignore[arg-type]
            page = opened(context, folder / name)
            expect(page.locator(".who")).to_contain_text("Anna Kowalczyk")
            show(page, SERIES, SLICE)
            is_like(as_array(page.evaluate(PIXELS)), expected)
            context.close()
        with firefox(tmp_path) as fox:
            fox.open((folder / "INDEX.HTM").as_uri())
            fox.wait_for(DRAWN)
            is_like(show_in_firefox(fox, SERIES, SLICE), expected)
