"""Steps that the stories of chapter 7 share: who shares, who receives, and what arrived where."""

from __future__ import annotations

import itertools
import re
from typing import Any

from playwright.sync_api import Page, expect

from .story import Story
from .visitor import newest_code

NUMBERS = itertools.count(1)


class Sharing(Story):
    owner: Page
    doctor: Page
    doctors_mail: str
    link: str

    # given
    def given_an_examination_is_open(self, row: int = 0, **browser: Any) -> Page:
        self.given_a_signed_in_patient(**browser)
        self.owner = self.page
        self.page.locator("main .row-title a").nth(row).click()
        self.page.wait_for_url(re.compile(r"/examinations/[0-9a-f-]{36}/$"))
        self.doctors_mail = f"doktor{next(NUMBERS)}@klinika.example"
        return self.page

    def given_a_share(self, pin: str = "493127", **browser: Any) -> str:
        """Made by the dialog; the PIN is told by mouth. Returns the link from the doctor's inbox."""
        self.given_an_examination_is_open(**browser)
        self.when_the_dialog_is_opened()
        self.when_filled_in(pin=pin, way="self")
        self.when_shared()
        self.link = self.then_the_link_is_in_the_inbox()
        return self.link

    # when
    def when_the_dialog_is_opened(self) -> None:
        """M7.1, M7.2"""
        self.page.get_by_text("Akcje", exact=True).click()
        self.page.get_by_role("link", name="Udostępnij", exact=True).click()
        self.page.get_by_role("link", name="Udostępnij na zewnątrz", exact=True).click()
        self.when_it_is_me()

    def when_it_is_me(self) -> None:
        """A second factor, when the last one is older than ten minutes."""
        if "/account/confirm/" not in self.page.url:
            return
        seen = len(self.portal.texts(self.person.mobile))
        self.page.get_by_role("button", name="Wyślij kod").click()
        code = newest_code(self.portal, self.person.mobile, after=seen)
        self.page.locator("input[autocomplete=one-time-code]").fill(code)
        self.page.get_by_role("button", name="Dalej").first.click()

    def when_filled_in(
        self, *, email: str = "", pin: str = "", way: str = "send", mobile: str = "", comment: str = ""
    ) -> None:
        self.page.get_by_label("Adres e-mail odbiorcy").fill(email or self.doctors_mail)
        self.page.get_by_label("PIN z 6 cyfr").fill(pin)
        self.page.locator(f"input[name=pin_way][value={way}]").check()
        self.page.get_by_label("Numer telefonu komórkowego odbiorcy").fill(mobile)
        self.page.get_by_label("Komentarz dla odbiorcy").fill(comment)

    def when_shared(self) -> None:
        self.page.get_by_role("button", name="Udostępnij", exact=True).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Czy wszystko się zgadza?")
        self.page.get_by_role("button", name="Tak, udostępnij").click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Udostępniono")

    def when_the_doctor_opens(self, link: str, **browser: Any) -> Page:
        """Another person, another machine."""
        self.doctor = self.given_a_browser(**browser)
        self.doctor.goto(link)
        return self.doctor

    def when_the_doctor_enters(self, pin: str) -> None:
        self.doctor.get_by_label("PIN z 6 cyfr").fill(pin)
        self.doctor.get_by_role("button", name="Otwórz").click()

    def when_the_doctor_looks_at_images(self) -> Page:
        with self.doctor.context.expect_page() as opened:
            self.doctor.get_by_role("link", name="Otwórz w przeglądarce obrazów").first.click()
        expect(opened.value.locator("#viewport canvas").first).to_be_visible()
        return opened.value

    def when_the_owner_opens_the_share(self) -> None:
        self.owner.goto(self.portal.url + "/shares/")
        self.owner.get_by_role("link", name=self.doctors_mail).click()

    # then
    def then_the_link_is_in_the_inbox(self) -> str:
        mail = self.portal.wait_for(
            lambda: self.portal.mails(self.doctors_mail), what="the mail with the link"
        )[0]
        found = re.search(rf"{re.escape(self.portal.url)}/s/[\w-]+/", text_of(mail))
        assert found, text_of(mail)
        return found.group()

    def then_the_doctor_sees_the_screen(self) -> None:
        expect(self.doctor.get_by_role("heading", level=1)).to_have_text("Anna Kowalczyk")


def text_of(mail: Any) -> str:
    body = mail.get_body(("plain",))
    assert body
    return str(body.get_content())
