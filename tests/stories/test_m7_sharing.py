"""Manual, chapter 7: sharing the result of an examination."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from .browser import DESKTOP, PHONE
from .sharing import Sharing, text_of
from .story import ANNA
from .test_axe import violations


class TestAPatientSharesAnExamination(Sharing):
    def test_from_the_menu_to_the_doctors_screen(self) -> None:
        """M7.1 to M7.4: two real inboxes and a phone; scanners open the link fifty times first."""
        self.given_an_examination_is_open()
        self.when_the_dialog_is_opened()
        self.then_the_fields_stand_in_the_manuals_order()
        self.then_the_page_says(
            "Ze względów bezpieczeństwa dostęp do Twojego badania będzie ograniczony czasowo."
        )
        self.when_filled_in(mobile="+48601777888", comment="Proszę o opinię")
        self.when_shared()
        pin = str(self.page.locator(".share-pin").text_content())
        self.then_the_page_says(self.doctors_mail)
        self.then_the_page_says("SMS-em na numer +48601777888")

        link = self.then_the_link_is_in_the_inbox()
        text = self.portal.wait_for(lambda: self.portal.texts("+48601777888"), what="the PIN")[0]["text"]
        assert pin in text
        assert "/s/" not in text
        for mail in self.portal.mails(self.doctors_mail):
            assert pin not in str(mail)
            assert "Kowalczyk" not in text_of(mail)
        self.then_the_owner_was_told("utworzono udostępnienie")

        self.when_scanners_open(link, times=50)
        self.when_the_doctor_opens(link, screen=DESKTOP)
        self.then_the_address_is("/s/")
        assert "Kowalczyk" not in self.doctor.content()
        self.when_the_doctor_enters(pin)
        self.then_the_doctor_sees_the_screen()
        for words in ("Data urodzenia", "Proszę o opinię", "Pobierz DICOM", "Dostęp ważny do"):
            expect(self.doctor.get_by_text(words).first).to_be_visible()
        self.when_the_doctor_looks_at_images()

        self.then_the_owner_was_told("zostało otwarte")
        self.when_the_owner_opens_the_share()
        for words in ("podano PIN", "otwarto badanie", "obejrzano obrazy"):
            expect(self.owner.get_by_text(words).first).to_be_visible()

    def test_on_a_phone_with_the_pin_in_a_second_mail(self) -> None:
        """M7.2, M7.3: the second mail comes after the first."""
        self.given_an_examination_is_open(screen=PHONE)
        self.when_the_dialog_is_opened()
        self.then_nothing_is_wider_than_the_screen()
        self.when_filled_in(pin="493127")
        self.when_shared()
        self.then_nothing_is_wider_than_the_screen()
        link = self.then_the_link_is_in_the_inbox()
        mails = self.portal.wait_for(
            lambda: found if len(found := self.portal.mails(self.doctors_mail)) == 2 else [], what="the PIN"
        )
        assert "493127" in text_of(mails[1])
        assert "/s/" not in text_of(mails[1])
        assert "493127" not in str(mails[0])
        self.when_the_doctor_opens(link, screen=PHONE)
        self.then_nothing_is_wider_than_the_screen()
        self.when_the_doctor_enters("493127")
        self.then_the_doctor_sees_the_screen()
        self.then_nothing_is_wider_than_the_screen()

    def test_every_wrong_field_says_what_to_do(self) -> None:
        """M7.2: one e-mail address, a PIN that is no guess, a time."""
        self.given_an_examination_is_open()
        self.when_the_dialog_is_opened()
        for email, pin, mobile, said in (
            ("", "", "", "Wpisz adres e-mail odbiorcy."),
            ("a@b.pl,c@d.pl", "", "", "To nie jest adres e-mail"),
            ("dоktor@example.org", "", "", "bez znaków diakrytycznych"),
            ("doktor@gmial.com", "", "", "Czy chodzi o adres …@gmail.com?"),
            ("doktor@example.org", "12345", "", "PIN ma dokładnie 6 cyfr."),
            ("doktor@example.org", "123456", "", "Ten PIN łatwo odgadnąć."),
            ("doktor@example.org", "", "112", "Na ten numer nie można wysłać SMS-a."),
        ):
            self.page.get_by_label("Adres e-mail odbiorcy").fill(email)
            self.page.get_by_label("PIN z 6 cyfr").fill(pin)
            self.page.get_by_label("Numer telefonu komórkowego odbiorcy").fill(mobile)
            self.page.get_by_role("button", name="Udostępnij", exact=True).click()
            expect(self.page.locator(".error-summary")).to_contain_text(said)

    def test_revoked_while_the_doctor_looks(self) -> None:
        """The running viewer ends within two seconds, pages at the next click."""
        link = self.given_a_share()
        self.when_the_doctor_opens(link)
        self.when_the_doctor_enters("493127")
        viewer = self.when_the_doctor_looks_at_images()
        picture = str(viewer.locator("img[src*='/dicom-web/t/']").first.get_attribute("src"))
        assert viewer.request.get(self.portal.url + picture).status == 200
        self.when_the_owner_opens_the_share()
        self.owner.get_by_role("button", name="Odwołaj").click()
        expect(self.owner.get_by_text("Od tej chwili link nic nie otwiera")).to_be_visible()
        deadline = time.monotonic() + 2.5
        while viewer.request.get(self.portal.url + picture).status == 200:
            assert time.monotonic() < deadline, "pictures go on after the share was revoked"
            time.sleep(0.1)
        self.doctor.reload()
        expect(self.doctor.get_by_role("heading", level=1)).to_have_text("Czas minął")
        self.when_the_doctor_opens(link)
        expect(self.doctor.get_by_role("heading", level=1)).to_have_text("Ten link nic nie otwiera")

    def test_the_doctor_downloads_and_writes_back(self) -> None:
        """A copy for the own PACS, a note, a wish for more time; at last it was not for this reader."""
        link = self.given_a_share()
        self.when_the_doctor_opens(link)
        self.when_the_doctor_enters("493127")
        self.doctor.get_by_role("link", name="Pobierz opis").first.click()
        self.doctor.get_by_role("link", name="Pobierz DICOM").first.click()
        self.doctor.get_by_label("wraz z przeglądarką obrazów").uncheck()
        with self.doctor.expect_download() as download:
            self.doctor.get_by_role("button", name="Pobierz", exact=True).click()
        assert Path(download.value.path()).read_bytes()[:4] == b"PK\x03\x04"

        self.when_the_doctor_opens_again()
        self.doctor.get_by_label("Twoja notatka").fill("Dziękuję, proszę zadzwonić.")
        self.doctor.get_by_role("button", name="Wyślij notatkę").click()
        expect(self.doctor.get_by_text("notatka została przekazana")).to_be_visible()
        self.doctor.get_by_role("button", name="Poproś o dłuższy dostęp").click()
        expect(self.doctor.get_by_text("Prośba została przekazana")).to_be_visible()
        self.then_the_owner_was_told("w sprawie Twojego udostępnienia")

        self.when_the_owner_opens_the_share()
        expect(self.owner.get_by_text("Dziękuję, proszę zadzwonić.")).to_be_visible()
        self.owner.get_by_label("Od teraz na").select_option(str(24 * 14))
        self.owner.get_by_role("button", name="Przedłuż").click()
        self.page, seen = self.owner, self.page
        self.when_it_is_me()
        self.page = seen
        self.when_the_doctor_opens_again()
        self.doctor.get_by_text("To nie do mnie", exact=True).click()
        self.doctor.get_by_role("button", name="Tak, to nie do mnie").click()
        expect(self.doctor.get_by_role("heading", level=1)).to_have_text("Dziękujemy")
        self.when_the_owner_opens_the_share()
        expect(self.owner.get_by_text("oddane przez odbiorcę").first).to_be_visible()

    # steps
    def then_the_fields_stand_in_the_manuals_order(self) -> None:
        names = self.page.locator("main form [name]").evaluate_all("all => all.map(one => one.name)")
        order = [names.index(name) for name in ("email", "pin", "lasts", "comment")]
        assert order == sorted(order)
        expect(self.page.get_by_label("Na jak długo?")).to_have_value(str(24 * 7))
        for name in ("with_report", "may_download"):
            assert self.page.locator(f"input[name={name}]").is_checked()

    def when_scanners_open(self, link: str, *, times: int) -> None:
        with httpx.Client(follow_redirects=True) as scanner:
            for number in range(times):
                answer = scanner.request("HEAD" if number % 2 else "GET", link)
                assert answer.status_code == 200
                assert "Kowalczyk" not in answer.text
                scanner.cookies.clear()

    def when_the_doctor_opens_again(self) -> None:
        self.doctor.goto(self.link)

    def then_the_owner_was_told(self, words: str) -> None:
        self.portal.wait_for(
            lambda: [mail for mail in self.portal.mails(ANNA[0]) if words in str(mail["Subject"])],
            what=f"a mail about: {words}",
        )


class TestPagesOfAShare(Sharing):
    @pytest.mark.parametrize(
        "screen", [PHONE, pytest.param(DESKTOP, marks=pytest.mark.long)], ids=["phone", "desktop"]
    )
    def test_axe_finds_nothing_on_any_of_them(self, screen: dict[str, int]) -> None:
        """Dialog with its errors, confirmation, recipient's pages, "My shares"."""
        self.given_an_examination_is_open(screen=screen)
        self.when_the_dialog_is_opened()
        self.page.get_by_text("Co udostępniasz").click()
        self.then_nothing_is_wrong(self.page)
        self.when_filled_in(email="a@gmial.com", pin="123456")
        self.page.get_by_role("button", name="Udostępnij", exact=True).click()
        self.then_nothing_is_wrong(self.page)
        self.when_filled_in(way="self")
        self.page.get_by_role("button", name="Udostępnij", exact=True).click()
        self.then_nothing_is_wrong(self.page)
        self.page.get_by_role("button", name="Tak, udostępnij").click()
        pin = str(self.page.locator(".share-pin").text_content())
        self.then_nothing_is_wrong(self.page)
        self.when_the_doctor_opens(self.then_the_link_is_in_the_inbox(), screen=screen)
        self.then_nothing_is_wrong(self.doctor)
        self.when_the_doctor_enters(pin)
        self.then_the_doctor_sees_the_screen()
        self.then_nothing_is_wrong(self.doctor)
        self.doctor.get_by_role("link", name="Pobierz DICOM").first.click()
        self.then_nothing_is_wrong(self.doctor)
        self.owner.goto(self.portal.url + "/shares/")
        self.then_nothing_is_wrong(self.owner)
        self.when_the_owner_opens_the_share()
        self.then_nothing_is_wrong(self.owner)
        self.doctor.goto(self.portal.url + "/s/nothing/")
        self.then_nothing_is_wrong(self.doctor)

    def then_nothing_is_wrong(self, page: Page) -> None:
        page.wait_for_load_state()
        found = violations(page)
        assert not found, f"{page.url}: {found}"
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{page.url}: {wide} px wider than the screen"


class TestASlipForOneVisit(Sharing):
    def test_two_sheets_with_code_and_pin(self) -> None:
        """B12: for whoever knows no e-mail address of the doctor."""
        self.given_an_examination_is_open()
        self.page.get_by_text("Akcje", exact=True).click()
        self.page.get_by_role("link", name="Udostępnij", exact=True).click()
        self.page.get_by_role("link", name="Kartka z kodem QR na jedną wizytę").click()
        self.when_it_is_me()
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name="Utwórz kartkę").click()
        sheets = pages_of(Path(download.value.path()))
        link = re.sub(r"\s", "", sheets[0])
        found = re.search(rf"{re.escape(self.portal.url)}/s/([2-9A-Z]{{27}})/", link)
        pin = re.search(r"\b(\d{6})\b", sheets[1])
        assert found
        assert pin
        assert pin.group(1) not in sheets[0]
        self.when_the_doctor_opens(found.group(), screen=PHONE)
        self.when_the_doctor_enters(pin.group(1))
        self.then_the_doctor_sees_the_screen()


def pages_of(pdf: Path) -> list[str]:
    import pypdfium2

    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_range() for page in document]
