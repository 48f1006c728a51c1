"""Manual, chapter 2: from the mail to "Moje badania"."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from .browser import DESKTOP, PHONE
from .story import Story

SCREENS = pytest.mark.parametrize(
    "screen", [PHONE, pytest.param(DESKTOP, marks=pytest.mark.long)], ids=["phone", "desktop"]
)
TABS = ["Moje badania", "Moje dokumenty", "Moje ankiety", "Moje udostępnienia"]


class TestAPatientSignsInForTheFirstTime(Story):
    """M2.1-M2.6, M2.8"""

    @SCREENS
    def test_from_the_mail_to_the_list(self, screen: dict[str, int]) -> None:
        self.given_a_new_patient()
        self.given_a_browser(screen=screen)
        self.when_opened("/login/")
        self.when_the_password_is_entered()
        self.then_the_address_is("/login/code/")
        self.then_the_page_says(self.person.mobile[-3:])
        self.when_the_code_is_entered()
        self.then_the_address_is("/login/information/")
        self.when_the_clause_is_accepted()
        self.then_the_address_is("/login/password/")
        self.when_an_own_password_is_set()
        self.then_the_address_is("/examinations/")
        self.then_the_heading_is("Moje badania")
        self.then_the_four_tabs_stand_in_order()
        self.then_nothing_is_wider_than_the_screen()

    def then_the_four_tabs_stand_in_order(self) -> None:
        tabs = self.page.get_by_role("navigation").filter(has_text="Moje badania").get_by_role("link")
        shown = [re.sub(r"\s+", " ", text).strip() for text in tabs.all_inner_texts()]
        assert [text for text in shown if text in TABS] == TABS
        for tab in tabs.all():
            expect(tab).to_be_visible()

    @pytest.mark.long
    def test_not_now_ends_the_session(self) -> None:
        """M2.4: the account stays; the page says how to get results otherwise."""
        self.given_a_new_patient()
        self.given_a_browser()
        self.when_opened("/login/")
        self.when_the_password_is_entered()
        self.when_the_code_is_entered()
        self.page.get_by_role("button", name="Nie teraz").click()
        self.then_the_page_says("+48 22 000 00 00")
        self.when_opened("/examinations/")
        self.then_the_address_is("/login/")

    def test_no_step_can_be_skipped(self) -> None:
        """T-36"""
        self.given_a_new_patient()
        self.given_a_browser()
        self.when_opened("/login/")
        self.when_the_password_is_entered()
        self.then_the_address_is("/login/code/")
        for path in ("/login/information/", "/login/password/"):
            self.when_opened(path)
            self.then_the_address_is("/login/code/")
        self.when_opened("/examinations/")
        self.then_the_address_is("/login/")


class TestTheCodeOfTheTextMessage(Story):
    """M2.3"""

    def given_the_code_page(self) -> None:
        self.given_a_new_patient()
        self.given_a_browser(screen=PHONE)
        self.when_opened("/login/")
        self.when_the_password_is_entered()
        self.then_the_address_is("/login/code/")

    def test_a_wrong_code_is_told(self) -> None:
        self.given_the_code_page()
        wrong = f"{(int(self.the_code()) + 1) % 10_000:04d}"
        self.when_the_code_is_entered(wrong)
        expect(self.page.locator(".error-summary, .field-error").first).to_be_visible()
        self.when_the_code_is_entered()
        self.then_the_address_is("/login/information/")

    @pytest.mark.long
    def test_three_wrong_codes_kill_it(self) -> None:
        """R40: the right one fails then, and a new one can be asked for."""
        self.given_the_code_page()
        right = self.the_code()
        for step in (1, 2, 3):
            self.when_the_code_is_entered(f"{(int(right) + step) % 10_000:04d}")
        self.when_the_code_is_entered(right)
        self.then_the_address_is("/login/code/")
        self.then_the_page_says("Kod nie przyszedł")

    @pytest.mark.long
    def test_it_may_have_spaces(self) -> None:
        self.given_the_code_page()
        self.when_the_code_is_entered(" ".join(self.the_code()))
        self.then_the_address_is("/login/information/")

    def test_it_survives_the_way_to_the_messages(self) -> None:
        """Switching to the SMS app may unload the page: opened again, it still takes the code."""
        self.given_the_code_page()
        self.when_opened("/login/code/")
        self.when_the_code_is_entered()
        self.then_the_address_is("/login/information/")

    @pytest.mark.long
    def test_a_new_code_after_half_a_minute(self) -> None:
        self.given_the_code_page()
        old = self.the_code()
        self.seen_texts += 1
        time.sleep(31)
        self.page.reload()
        self.page.get_by_text("Kod nie przyszedł").first.click()
        self.page.locator("form[action$='/login/code/again/'] button").first.click()
        fresh = self.the_code()
        if old != fresh:
            self.when_the_code_is_entered(old)
            self.then_the_address_is("/login/code/")
        self.when_the_code_is_entered(fresh)
        self.then_the_address_is("/login/information/")


class TestALinkLeadsToItsPage(Story):
    """M2.9 and the deep link: it survives every step of first login."""

    def test_documents_were_wanted(self) -> None:
        self.given_a_new_patient()
        self.given_a_browser()
        self.when_opened("/documents/")
        self.then_the_address_is("/login/")
        self.when_the_password_is_entered()
        self.when_the_code_is_entered()
        self.when_the_clause_is_accepted()
        self.when_an_own_password_is_set()
        self.then_the_address_is("/documents/")

    def test_a_notice_came_by_mail(self) -> None:
        """M2.9: no medical content, a link to the list."""
        self.given_a_signed_in_patient()
        notices = self.portal.wait_for(
            lambda: [mail for mail in self.portal.mails(self.person.email) if "/examinations/" in str(mail)],
            what="the notice",
        )
        text = str(notices[0].get_body(("plain",)).get_content())  # type: ignore[union-attr]
        assert self.portal.url + "/examinations/" in text
        for word in ("TK", "MR", "RTG", "głow\\w*", "Kowalczyk"):
            assert not re.search(rf"\b{word}\b", text)  # the user name's letters are chance


class TestWrongPasswords(Story):
    """M2.2"""

    def test_the_sentence_reveals_nothing(self) -> None:
        """R46: the same for an unknown name."""
        self.given_a_new_patient()
        self.given_a_browser()
        said = []
        for name in (self.person.user_name, "NIKT2345"):
            self.when_opened("/login/")
            self.person.user_name = name
            self.when_the_password_is_entered("to nie jest moje hasło")
            said.append(self.page.locator(".error-summary").inner_text())
        assert said[0] == said[1]
