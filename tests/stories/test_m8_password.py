"""Manual, chapter 8: change of password, forgotten password, lock and unlock."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from .story import Story
from .visitor import Person, Visitor, read_account_mail

CLERK = ("rejestracja@szpital.example", "+48600100190")
FRESH_PASSWORD = "zielony parasol na strychu"


class Account(Story):
    def given_an_active_patient(self) -> Person:
        """Somebody after first login, known to nobody else's story."""
        person = self.given_a_new_patient()
        visitor = Visitor(self.portal)
        visitor.sign_in(person)
        self.cookies = visitor.cookies()
        visitor.close()
        return person

    def given_the_patient_is_signed_in(self) -> None:
        self.given_an_active_patient()
        self.given_a_browser()
        self.page.context.add_cookies(self.cookies)  # type: ignore[arg-type]
        self.when_opened("/examinations/")

    def when_five_wrong_passwords_are_entered(self) -> None:
        for number in range(5):
            self.when_opened("/login/")
            self.when_the_password_is_entered(f"zupełnie inne hasło {number}")

    def then_the_page_says_locked(self) -> None:
        expect(self.page.locator("main")).to_contain_text(
            "Konto zostało zablokowane. W celu odblokowania konta skontaktuj się z pomocą techniczną:"
        )
        expect(self.page.locator("main")).to_contain_text("pomoc@szpital.example")
        expect(self.page.locator("main")).to_contain_text("+48 22 000 00 00")

    def reset_link(self) -> str:
        text = self.portal.wait_for(self._reset_text, what="the mail with the link")
        found = re.search(re.escape(self.portal.url) + r"(/login/reset/\S+)", text)
        assert found, text
        return found.group(1)

    def _reset_text(self) -> str:
        bodies = [mail.get_body(("plain",)) for mail in self.portal.mails(self.person.email)]
        texts = [str(body.get_content()) for body in bodies if body]
        return next((text for text in reversed(texts) if "/login/reset/" in text), "")


class TestThePasswordIsChanged(Account):
    """M8.1"""

    @pytest.mark.long
    def test_from_the_menu_under_the_name(self) -> None:
        self.given_the_patient_is_signed_in()
        self.page.get_by_role("banner").get_by_text("Ewa Nowak").first.click()
        self.page.get_by_role("link", name="Zmień hasło").click()
        self.then_the_address_is("/account/password/")
        self.page.locator("input[autocomplete=current-password]").fill(self.person.password)
        self.when_an_own_password_is_set(FRESH_PASSWORD)
        expect(self.page.locator(".banner-ok, .messages").first).to_be_visible()
        self.then_only_the_new_password_opens()

    def then_only_the_new_password_opens(self) -> None:
        visitor = Visitor(self.portal)
        for password, path in (("trzy rowery pod lipą", "/login/"), (FRESH_PASSWORD, "/login/code/")):
            self.person.password = password
            assert urlsplit(str(visitor.enter_password(self.person).url)).path == path
        visitor.close()

    def test_a_wrong_old_password_is_refused(self) -> None:
        self.given_the_patient_is_signed_in()
        self.when_opened("/account/password/")
        self.page.locator("input[autocomplete=current-password]").fill("to nie jest moje hasło")
        self.when_an_own_password_is_set(FRESH_PASSWORD)
        expect(self.page.locator(".error-summary")).to_be_visible()


class TestThePasswordIsForgotten(Account):
    """M8.2"""

    def test_from_the_mail_to_the_list(self) -> None:
        self.given_an_active_patient()
        self.given_a_browser()
        self.when_the_link_is_asked_for()
        link = self.reset_link()
        self.seen_texts = len(self.portal.texts(self.person.mobile))
        self.when_opened(link)
        assert link not in self.page.url, "the token must leave the address"
        self.when_the_code_is_entered_if_asked()
        self.when_an_own_password_is_set(FRESH_PASSWORD)
        self.when_the_code_is_entered_if_asked()
        self.when_opened("/examinations/")
        self.then_the_address_is("/examinations/")

    def when_the_link_is_asked_for(self) -> None:
        self.when_opened("/login/")
        self.page.get_by_role("link", name="Nie pamiętasz swojego hasła?").click()
        self.page.locator("input[autocomplete=username]").fill(self.person.user_name)
        self.page.locator("form:has(input[autocomplete=username]) button[type=submit]").click()

    def when_the_code_is_entered_if_asked(self) -> None:
        """One code at most in the whole way; opening the link sends none, its button does."""
        self.page.wait_for_load_state()
        send = self.page.get_by_role("button", name="Wyślij kod", exact=True)
        if send.count():
            send.click()
            self.page.wait_for_load_state()
        if self.page.locator("input[autocomplete=one-time-code]").count():
            self.when_the_code_is_entered()
            self.page.wait_for_load_state()

    def test_opening_the_link_changes_nothing(self) -> None:
        """S15: mail scanners follow links."""
        self.given_an_active_patient()
        self.given_a_browser()
        self.when_the_link_is_asked_for()
        link = self.reset_link()
        for _ in range(2):
            scanner = Visitor(self.portal)
            scanner.open(link)
            scanner.close()
        visitor = Visitor(self.portal)
        assert urlsplit(str(visitor.enter_password(self.person).url)).path == "/login/code/"
        visitor.close()
        self.when_opened(link)
        expect(self.page.get_by_role("button", name="Wyślij kod", exact=True)).to_be_visible()

    def test_the_answer_is_the_same_for_nobody(self) -> None:
        self.given_an_active_patient()
        said = []
        for name in (self.person.user_name, "NIKT2345"):
            visitor = Visitor(self.portal)
            said.append(visitor.submit(visitor.open("/login/forgotten/"), user_name=name).status_code)
            visitor.close()
        assert said[0] == said[1]

    def test_a_forgotten_user_name_comes_by_mail(self) -> None:
        """M8.4"""
        self.given_an_active_patient()
        self.given_a_browser()
        self.when_opened("/login/")
        self.page.get_by_role("link", name="Nie pamiętasz nazwy użytkownika?").click()
        before = len(self.portal.mails(self.person.email))
        self.page.locator("input[type=email]").fill(self.person.email)
        self.page.locator("form:has(input[type=email]) button[type=submit]").click()
        mails = self.portal.wait_for(
            lambda: self.portal.mails(self.person.email)[before:], what="the mail with the user name"
        )
        text = str(mails[0].get_body(("plain",)).get_content())  # type: ignore[union-attr]
        assert self.person.user_name in text
        assert "Nowak" not in text

    def test_never_activated_gets_a_new_temporary_password(self) -> None:
        """M8.5"""
        self.given_a_new_patient()
        first = self.person.password
        self.given_a_browser()
        self.when_the_link_is_asked_for()
        self.portal.wait_for(lambda: self._fresh(first), what="the new temporary password")
        self.person.password = self._fresh(first)
        self.when_opened("/login/")
        self.when_the_password_is_entered()
        self.when_the_code_is_entered()
        self.then_the_address_is("/login/information/")

    def _fresh(self, first: str) -> str:
        found = read_account_mail(self.portal, self.person.email, self.person.mobile)
        return found.password if found.password != first else ""


class TestFiveWrongPasswordsLock(Account):
    """M8.3, M8.6"""

    @pytest.mark.long
    def test_the_sentence_and_the_contact(self) -> None:
        self.given_an_active_patient()
        self.given_a_browser()
        self.when_five_wrong_passwords_are_entered()
        self.then_the_page_says_locked()
        self.when_opened("/login/")
        self.when_the_password_is_entered()
        self.then_the_page_says_locked()

    @pytest.mark.long
    def test_the_reset_mail_carries_no_link(self) -> None:
        """M8.6"""
        self.given_an_active_patient()
        self.given_a_browser()
        self.when_five_wrong_passwords_are_entered()
        before = len(self.portal.mails(self.person.email))
        visitor = Visitor(self.portal)
        visitor.submit(visitor.open("/login/forgotten/"), user_name=self.person.user_name)
        visitor.close()
        mails = self.portal.wait_for(
            lambda: self.portal.mails(self.person.email)[before:], what="the mail about the lock"
        )
        texts = [str(mail.get_body(("plain",)).get_content()) for mail in mails]  # type: ignore[union-attr]
        assert not any("/login/reset/" in text for text in texts)
        assert any("zablokowan" in text for text in texts)

    def test_the_desk_unlocks(self) -> None:
        """S16: staff page, with the identity check noted."""
        self.given_an_active_patient()
        self.given_a_browser()
        self.when_five_wrong_passwords_are_entered()
        patient = self.person
        self.when_the_clerk_unlocks(patient)
        self.person = patient
        self.given_a_browser()
        self.when_opened("/login/")
        self.when_the_password_is_entered()
        self.then_the_address_is("/login/code/")
        self.when_the_code_is_entered()
        self.then_the_address_is("/examinations/")

    def when_the_clerk_unlocks(self, patient: Person) -> None:
        clerk = read_account_mail(self.portal, *CLERK)
        visitor = Visitor(self.portal, staff=True)
        visitor.sign_in(clerk)
        page = self.given_a_browser()
        page.context.add_cookies(visitor.cookies())  # type: ignore[arg-type]
        visitor.close()
        page.goto(self.portal.staff_url + "/staff/")
        page.locator("main input[type=search], main input[type=text]").first.fill(patient.mrn)
        page.keyboard.press("Enter")
        page.get_by_role("link", name=re.compile("Nowak")).first.click()
        page.locator("main textarea, main input[name=reason]").first.fill(
            "Dowód osobisty sprawdzony przy okienku"
        )
        page.locator("main").get_by_role("checkbox").check()
        page.get_by_role("button", name=re.compile("Odblokuj")).click()
        expect(page.locator("main")).not_to_contain_text("Odblokuj konto")
