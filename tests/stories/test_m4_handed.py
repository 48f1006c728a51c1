"""Manual, M4.3 and M6.5: a photo of a document is corrected, sent, stands with the patient and is taken over."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

import numpy
import pypdfium2
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, expect

from .browser import DESKTOP, PHONE
from .handing import Handing, make_disc
from .test_axe import violations
from .test_desk import AtTheDesk

SHOTS = os.environ.get("STORY_SHOTS", "")  # a folder for pictures of the steps


def photo(path: Path, *, turned: bool = False) -> Path:
    """A sheet on a dark table, askew; a number stands in its middle."""
    picture = Image.new("RGB", (1200, 1600), (60, 45, 40))
    draw = ImageDraw.Draw(picture)
    draw.polygon([(200, 180), (1010, 260), (1080, 1400), (130, 1330)], fill=(244, 244, 238))
    for line in range(9):
        draw.rectangle((330, 420 + line * 90, 860, 436 + line * 90), fill=(40, 40, 40))
    draw.rectangle((480, 800, 760, 860), fill=(200, 0, 0))
    tags = picture.getexif()
    if turned:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
        tags = picture.getexif()
        tags[274] = 6  # the camera was held upright
    picture.save(path, "JPEG", exif=tags, quality=88)
    return path


def box_of(found: Locator) -> dict[str, float]:
    box = found.bounding_box()
    assert box
    return dict(box)  # type: ignore[arg-type]


class Editing(Handing):
    editor: Locator

    def when_the_photo_is_opened(self, path: Path) -> None:
        self.when_chosen("Wybierz pliki", path)
        self.page.get_by_role("button", name=re.compile("Popraw|Edytuj|edytor", re.IGNORECASE)).first.click()
        self.editor = self.page.get_by_role("dialog", name="Edytor skanów i zdjęć")
        expect(self.editor.get_by_role("status")).to_contain_text("Znaleziono rogi kartki")

    def press(self, name: str) -> None:
        self.editor.get_by_role("button", name=name, exact=True).click()

    def shot(self, name: str) -> None:
        if SHOTS:
            self.page.wait_for_timeout(300)
            self.page.screenshot(path=f"{SHOTS}/{name}.png")

    def covered(self, pdf: bytes, page: int = 0) -> bool:
        """Nothing red is left of the number, and something black lies in its place."""
        shown = pypdfium2.PdfDocument(pdf)[page].render(scale=1).to_pil().convert("RGB")
        pixels = numpy.asarray(shown).astype(int)
        is_red = (pixels[..., 0] > 120) & (pixels[..., 1] < 90) & (pixels[..., 2] < 90)
        return bool(is_red.sum() == 0 and (pixels.max(axis=2) < 12).sum() > 500)


class TestAPhotoOfADocument(Editing, AtTheDesk):
    def test_m6_5_corrected_by_keys_sent_and_taken_over(self, tmp_path: Path) -> None:
        """S40, S51, S52, B18; 2.1.1: no pointer in the editor."""
        self.given_the_files_page(screen=DESKTOP)
        self.when_the_photo_is_opened(photo(tmp_path / "IMG_2041.jpg", turned=True))
        corners = self.editor.locator(".scan-corner")
        expect(corners).to_have_count(4)
        self.then_the_corners_were_found()
        assert not violations(self.page)
        self.shot("editor-crop")
        corner = self.editor.get_by_role("button", name="Lewy górny róg strony")
        before = box_of(corner)
        corner.focus()
        self.page.keyboard.press("ArrowRight")
        self.page.keyboard.press("ArrowDown")
        after = box_of(corner)
        assert (after["x"], after["y"]) > (before["x"], before["y"])

        self.when_the_number_is_covered_by_keys()
        self.shot("editor-cover")
        self.press("Notatka")
        self.editor.get_by_label("Notatka pod tą stroną").fill("Lewa ręka, 2019")
        self.press("Jasność")
        self.editor.get_by_label("Odcienie szarości").check()
        self.shot("editor-look")
        self.editor.get_by_label("Odcienie szarości").uncheck()
        with self.page.expect_file_chooser() as opened:
            self.press("Dodaj stronę")
        opened.value.set_files(str(photo(tmp_path / "druga.jpg")))
        expect(self.editor.get_by_text("Strona 2 z 2")).to_be_visible()
        self.press("Gotowe: dodaj do listy")
        expect(self.editor.get_by_role("status")).to_contain_text("co to za dokument")
        self.editor.get_by_label("Co to jest?").fill("Karta informacyjna z 2019 roku")
        self.editor.get_by_label("Opis (może zostać pusty)").fill("Szpital w Łodzi")
        self.press("Gotowe: dodaj do listy")
        expect(self.editor).to_be_hidden()
        self.then_the_page_says("Karta informacyjna z 2019 roku")
        self.shot("list-after-editor")
        self.when_the_upload_is_started()
        self.then_everything_has_arrived()

        self.then_it_stands_in_my_documents("wysłano do szpitala")
        with self.page.expect_download() as download:
            self.row().get_by_role("link", name="Pobierz").click()
        pdf = Path(download.value.path()).read_bytes()
        assert len(pypdfium2.PdfDocument(pdf)) == 2
        assert self.covered(pdf)
        self.when_staff_accept_it()
        self.then_it_stands_in_my_documents("przejęte przez szpital")

    def test_m6_5_on_a_phone_by_touch(self, tmp_path: Path) -> None:
        """2.5.7: everything that can be dragged can be tapped."""
        self.given_the_files_page(screen=PHONE)
        self.when_the_photo_is_opened(photo(tmp_path / "wypis.jpg"))
        self.then_the_corners_were_found()
        self.shot("phone-crop")
        corner = self.editor.get_by_role("button", name="Prawy dolny róg strony")
        before = box_of(corner)
        corner.tap()
        self.editor.get_by_role("button", name="W górę").tap()
        after = box_of(corner)
        assert after["y"] < before["y"]
        self.press("Obróć w prawo")
        self.press("Cały obraz")
        self.press("Zasłoń")
        self.press("Zasłoń fragment")
        self.shot("phone-cover")
        cover = self.editor.get_by_role("button", name="Zasłonięty fragment 1")
        before = box_of(cover)
        self.editor.get_by_label("Strzałki zmieniają rozmiar").check()
        self.editor.get_by_role("button", name="W prawo").tap()
        after = box_of(cover)
        assert after["width"] > before["width"]
        assert not violations(self.page)
        self.then_nothing_is_wider_than_the_screen()
        self.page.keyboard.press("Escape")
        expect(self.editor.get_by_text("Zamknąć bez dodawania tego dokumentu?")).to_be_visible()
        self.press("Zamknij bez dodawania")
        expect(self.editor).to_be_hidden()

    def test_b18_images_of_a_disc_become_an_examination(self, tmp_path: Path) -> None:
        """N8, B18: not before staff have accepted them."""
        self.given_the_files_page(screen=DESKTOP)
        self.when_chosen("Wybierz folder", make_disc(tmp_path / "PLYTA", images=3))
        self.when_the_upload_is_started()
        self.then_everything_has_arrived()
        survey = self.survey
        staff = self.given_the_clerk_is_signed_in(screen=DESKTOP)
        self.when_the_delivery_is_opened(survey)
        link = staff.get_by_role("link", name="Obejrzyj obrazy")
        self.portal.wait_for(lambda: staff.reload() and link.count(), seconds=60, what="the preview")
        assert not violations(staff)
        self.shot("staff-delivery")
        with staff.context.expect_page() as opened:
            link.click()
        expect(opened.value.locator("#viewport canvas").first).to_be_visible()
        staff.goto(self.portal.staff_url + "/staff/deliveries/")
        assert not violations(staff)
        staff.go_back()
        count = self.examinations_of()
        staff.get_by_role("button", name="Przyjmij zaznaczone").click()
        expect(staff.get_by_text("Przyjęto.").first).to_be_visible()
        self.portal.wait_for(
            lambda: self.examinations_of() == count + 1, seconds=90, what="the new examination"
        )
        assert not self.portal.rows(
            "SELECT 1 FROM archive_instance WHERE source = 'handed-in' AND hidden_reason <> ''"
        )

    # when
    def when_the_number_is_covered_by_keys(self) -> None:
        for name in ("Zasłoń", "Zasłoń fragment"):
            button = self.editor.get_by_role("button", name=name, exact=True)
            button.focus()
            self.page.keyboard.press("Enter")
        cover = self.editor.get_by_role("button", name="Zasłonięty fragment 1")
        expect(cover).to_be_focused()
        for _ in range(17):
            self.page.keyboard.press("ArrowDown")
        for _ in range(10):
            self.page.keyboard.press("Shift+ArrowRight")
            self.page.keyboard.press("Shift+ArrowDown")

    def when_staff_accept_it(self) -> None:
        owner, survey = self.page, self.survey
        staff = self.given_the_clerk_is_signed_in(screen=DESKTOP)
        self.when_the_delivery_is_opened(survey)
        self.shot("staff-delivery-paper")
        staff.get_by_role("link", name=re.compile("Obejrzyj.*Karta informacyjna")).click()
        sheet = staff.get_by_role("img", name="Strona 1")
        expect(staff.get_by_role("heading", level=1)).to_contain_text("Karta informacyjna")
        self.portal.wait_for(lambda: staff.reload() and sheet.count(), seconds=90, what="the pages")
        self.shot("staff-paper")
        staff.get_by_role("link", name="Wróć do przekazanych plików").click()
        staff.get_by_label("Wiadomość dla pacjenta").fill("Dziękujemy, dokument jest w kartotece.")
        staff.get_by_role("button", name="Przyjmij zaznaczone").click()
        expect(staff.get_by_text("Przyjęto.").first).to_be_visible()
        self.shot("staff-accepted")
        self.page = owner

    def when_the_delivery_is_opened(self, survey: str) -> None:
        key = survey.replace("-", "")
        found = self.portal.rows(
            "SELECT id FROM uploads_delivery WHERE REPLACE(CAST(subject AS TEXT), '-', '') = ?", key
        )
        self.page.goto(self.portal.staff_url + "/staff/deliveries/")
        self.shot("staff-inbox")
        self.page.goto(f"{self.portal.staff_url}/staff/deliveries/{uuid.UUID(str(found[0][0]))}/")

    # then
    def then_the_corners_were_found(self) -> None:
        """Not those of the picture: the sheet lies askew."""
        corner = box_of(self.editor.get_by_role("button", name="Lewy górny róg strony"))
        paper = box_of(self.editor.locator("[data-part=stage]"))
        assert corner["x"] + corner["width"] / 2 > paper["x"] + 0.08 * paper["width"]

    def then_it_stands_in_my_documents(self, state: str) -> None:
        def shown() -> bool:
            self.when_opened("/documents/?show=own")
            return self.row().get_by_text(state).count() > 0

        self.portal.wait_for(shown, seconds=60, what=state)
        expect(self.row().get_by_text("dodane przez Ciebie").first).to_be_visible()
        assert not violations(self.page)
        self.shot("documents-" + state.split(maxsplit=1)[0])

    def row(self) -> Locator:
        return self.page.locator("main .row", has_text="Karta informacyjna z 2019 roku").first

    def examinations_of(self) -> int:
        rows = self.portal.rows("SELECT COUNT(*) FROM examinations_examination WHERE visible")
        return int(rows[0][0])
