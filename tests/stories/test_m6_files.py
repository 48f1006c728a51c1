"""Manual, chapter 6: documents and images from elsewhere, from choosing them to the receipt."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.examinations.given import pdf

from .browser import DESKTOP, PHONE
from .handing import Handing, make_disc
from .test_axe import violations


def zipped(folder: Path, place: Path) -> Path:
    return Path(shutil.make_archive(str(place / folder.name), "zip", folder))


class TestHandingInADisc(Handing):
    def test_m6_4_and_m6_6_a_folder(self, tmp_path: Path) -> None:
        """S50, S53, S54, N8: its images with the name in them, without the disc's own program; then the receipt."""
        disc = make_disc(tmp_path / "PLYTA")
        self.given_the_files_page()
        self.when_chosen("Wybierz folder", disc)
        self.then_the_list_says("12 plików")
        self.then_the_page_says("Obrazy: ANNA KOWALCZYK")
        self.then_the_page_says("Dane zgodne z kontem")
        expect(self.page.locator("[data-part=notes]")).to_contain_text(
            "Pominięto niepotrzebne pliki programu"
        )
        expect(self.page.get_by_role("button", name="Dostarcz bez przesyłania")).to_be_disabled()
        self.then_nothing_is_wider_than_the_screen()
        self.when_the_upload_is_started()
        self.then_everything_has_arrived()
        assert [(kind, state) for _path, kind, state in self.delivered()] == [("dicom", "sorted")] * 12
        self.page.get_by_role("link", name="Potwierdzenie odbioru").click()
        self.then_the_heading_is("Potwierdzenie odbioru plików")
        self.then_the_page_says("12 plików")
        assert violations(self.page) == []
        assert self.page.evaluate("localStorage.length + sessionStorage.length") == 0

    def test_s50_a_disc_of_another_hospital_in_three_ways(self, samples: Path, tmp_path: Path) -> None:
        """N8: folder, drag and ZIP of one medium with two persons; who is somebody else is asked about before."""
        disc = samples / "dicom/media/pydicom-dicomdir"
        self.given_the_files_page()
        self.when_chosen("Wybierz folder", disc / "77654033")
        self.then_the_list_says("7 plików")
        self.when_dropped(disc / "98892001")
        self.then_the_list_says("14 plików")
        self.then_the_page_says("Obrazy: Archibald Doe")
        self.then_the_page_says("Obrazy: Peter Doe")
        assert violations(self.page) == []
        self.when_the_upload_is_started()
        self.then_the_page_says("Najpierw proszę odpowiedzieć")
        self.page.get_by_role("button", name="Nie, proszę pominąć").first.click()
        self.then_the_list_says("7 plików")
        self.page.get_by_role("button", name="Tak, to ja").click()
        self.when_chosen("Wybierz pliki", zipped(disc / "98892003", tmp_path))
        self.then_the_list_says("8 plików")
        self.when_the_upload_is_started()
        self.then_everything_has_arrived()
        kinds = [(kind, state) for _path, kind, state in self.delivered()]
        assert sorted(kinds) == [("archive", "sorted"), *[("dicom", "sorted")] * 24]

    @pytest.mark.long
    @pytest.mark.parametrize("tree", ["cd-s21610", "pydicom-dicomdir"])
    @pytest.mark.parametrize("way", ["folder", "drag", "zip"])
    def test_s50_whole_discs_of_the_samples(self, samples: Path, tmp_path: Path, tree: str, way: str) -> None:
        """Every image of them and none of their indexes, however they are handed in."""
        disc = samples / "dicom/media" / tree
        images = sum("DIR" not in path.name for path in disc.rglob("*") if path.is_file())
        self.given_the_files_page()
        if way == "drag":
            self.when_dropped(disc)
        elif way == "folder":
            self.when_chosen("Wybierz folder", disc)
        else:
            self.when_chosen("Wybierz pliki", zipped(disc, tmp_path))
        mine = self.page.get_by_role("button", name="Tak, to ja")
        if way != "zip":
            expect(mine.first).to_be_visible()
        for number in range(mine.count()):
            mine.nth(number).click()
        self.when_the_upload_is_started()
        self.then_everything_has_arrived()
        taken = [kind for _path, kind, state in self.delivered() if state in ("sorted", "quarantined")]
        assert taken.count("dicom") == images

    def test_s49_a_zip_and_described_files_on_a_phone(self, tmp_path: Path) -> None:
        disc = make_disc(tmp_path / "PLYTA", images=3)
        archive = Path(shutil.make_archive(str(tmp_path / "plyta"), "zip", disc))
        letter = tmp_path / "wypis.pdf"
        letter.write_bytes(pdf("x"))
        empty = tmp_path / "pusty.pdf"
        empty.touch()
        self.given_the_files_page(screen=PHONE)
        expect(self.page.get_by_role("button", name="Zrób zdjęcie")).to_be_visible()
        self.when_chosen("Wybierz pliki", archive, letter, empty)
        self.then_the_list_says("2 pliki")
        expect(self.page.locator("[data-part=notes]")).to_contain_text("puste pliki: 1 plik")
        self.page.locator("summary", has_text="wypis.pdf").click()
        self.page.get_by_label("Tytuł", exact=True).last.fill("Karta wypisowa 2024")
        self.then_nothing_is_wider_than_the_screen()
        self.when_the_upload_is_started()
        self.then_everything_has_arrived()
        kinds = [kind for _path, kind, state in self.delivered() if state == "sorted"]
        assert kinds.count("dicom") == 3
        assert self.portal.rows(
            "SELECT name FROM uploads_handedfile WHERE title = 'Karta wypisowa 2024'"
        ) == [("wypis.pdf",)]

    @pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.long)])
    def test_s55_a_killed_browser_goes_on(self, tmp_path: Path, times: int) -> None:
        """L11, N7, M6.8: closed in the middle, another browser, the same folder once more."""
        images = 60 if times < 20 else 240  # so much that something is left to send after the last cut
        disc = make_disc(tmp_path / "PLYTA", images=images, size=1_500_000)
        self.given_the_files_page(screen=DESKTOP)
        self.when_chosen("Wybierz folder", disc)
        self.when_the_line_is_slow()
        self.when_the_upload_is_started()
        for _ in range(times):
            self.when_the_browser_is_killed_in_the_middle()
            self.when_opened(f"/surveys/{self.survey}/")
            self.then_the_page_says("Nie wszystko dotarło")
            self.when_the_line_is_slow()
            self.when_the_same_folder_is_chosen(disc)
        self.when_the_line_is_good()
        self.then_everything_has_arrived()
        assert len(self.delivered()) == images

    def test_a_lost_session_goes_on_after_the_login(self, tmp_path: Path) -> None:
        disc = make_disc(tmp_path / "PLYTA", images=40, size=2_000_000)
        self.given_the_files_page()
        self.when_chosen("Wybierz folder", disc)
        self.when_the_line_is_slow(15_000_000)
        self.when_the_upload_is_started()
        expect(self.page.locator("[data-part=said]")).to_contain_text("%")
        cookies = self.page.context.cookies()
        self.page.context.clear_cookies()
        self.then_the_page_says("Nastąpiło wylogowanie")
        self.page.wait_for_timeout(5000)  # what was on its way has arrived by now
        self.then_the_page_says("Nastąpiło wylogowanie")
        assert violations(self.page) == []
        self.page.context.add_cookies(cookies)  # type: ignore[arg-type]
        self.when_the_line_is_good()
        self.page.get_by_role("button", name="Kontynuuj przesyłanie").click()
        self.then_everything_has_arrived()
        assert len(self.delivered()) == 40

    def when_the_line_is_slow(self, bytes_a_second: int = 4_000_000) -> None:
        self.line = self.page.context.new_cdp_session(self.page)
        self.line.send("Network.enable")
        self._throttle(bytes_a_second)

    def when_the_line_is_good(self) -> None:
        self._throttle(-1)

    def _throttle(self, upload: int) -> None:
        conditions = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload}
        self.line.send("Network.emulateNetworkConditions", conditions)

    def when_the_browser_is_killed_in_the_middle(self) -> None:
        expect(self.page.locator("[data-part=said]")).to_contain_text("%")
        self.page.wait_for_timeout(1500)
        self._contexts.pop().close()  # no unload handler is asked
        self.given_a_signed_in_patient()

    def when_the_same_folder_is_chosen(self, disc: Path) -> None:
        with self.page.expect_file_chooser() as opened:
            self.page.get_by_role("button", name="Wybierz folder").click()
        opened.value.set_files(str(disc))


class TestWithoutFiles(Handing):
    def test_m6_3_delivered_without_uploading(self) -> None:
        """S48"""
        self.given_the_files_page()
        expect(self.page.get_by_role("button", name="Rozpocznij przesyłanie")).to_be_disabled()
        self.page.get_by_role("button", name="Dostarcz bez przesyłania").click()
        self.page.wait_for_url(f"**/surveys/{self.survey}/")
        assert self.portal.rows(
            "SELECT ending FROM uploads_delivery WHERE REPLACE(CAST(subject AS TEXT), '-', '') = ?",
            self.survey.replace("-", ""),
        ) == [("without",)]
