"""Manual, chapters 2 and 8, every step: on a telephone, by keyboard alone, as a screen reader is told it (T-93)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .keys import ByKeyboard
from .test_m8_password import FRESH_PASSWORD, Account
from .visitor import OWN_PASSWORD, read_account_mail

TABS = ["Moje badania", "Moje dokumenty", "Moje ankiety", "Moje udostępnienia"]
PASSWORD = "input[autocomplete=current-password]"
NEW, AGAIN = "#id_new_password", "#id_new_password_again"
CODE = "input[autocomplete=one-time-code]"
SUBMIT = "main form:has({}) button[type=submit]"


class Chapters(ByKeyboard, Account):
    def when_the_login_is_typed(self, password: str = "") -> None:
        self.seen_texts = len(self.portal.texts(self.person.mobile))
        self.when_typed("#id_user_name", self.person.user_name)
        self.when_typed("#id_password", password or self.person.password)
        self.when_pressed(SUBMIT.format("#id_password"))

    def when_the_code_is_typed(self) -> None:
        self.when_typed(CODE, self.the_code())
        self.when_pressed(SUBMIT.format(CODE))

    def when_a_password_is_typed(self, password: str) -> None:
        self.when_typed(NEW, password)
        self.when_typed(AGAIN, password)
        self.when_pressed(SUBMIT.format(NEW))
        self.person.password = password

    def given_her_list(self) -> None:
        self.given_an_active_patient()
        self.given_a_telephone()
        self.page.context.add_cookies(self.cookies)  # type: ignore[arg-type]
        self.when_opened("/examinations/")

    def given_the_login_page(self) -> None:
        self.given_an_active_patient()
        self.given_a_telephone()
        self.when_opened("/login/")


class TestChapter2(Chapters):
    def test_m2_1_to_m2_8_first_login(self) -> None:
        # M2.1: user name and temporary password came by mail (read_account_mail fails without them)
        self.given_a_new_patient()
        assert re.fullmatch(r"[2-9A-Z]{8}", self.person.user_name)
        assert len(self.person.password) >= 16
        self.given_a_telephone()
        # M2.2
        self.when_opened("/login/")
        self.then_is_heard(
            ("textbox", "^Nazwa użytkownika$"), ("textbox", "^Hasło$"), ("button", "^Logowanie$")
        )
        self.when_the_login_is_typed()
        # M2.3
        self.then_the_address_is("/login/code/")
        self.then_the_page_says(self.person.mobile[-3:])
        self.then_is_heard(
            ("heading", "^Kod z wiadomości SMS$"),
            ("textbox", "Kod"),
            ("button", "^Dalej$"),
            ("DisclosureTriangle", "^Kod nie przyszedł$"),
        )
        self.when_opened_by_keys("#no-code > summary")
        self.then_is_heard(("StaticText", "nowy kod"))
        self.page.reload()  # back from the app of text messages
        self.when_the_code_is_typed()
        # M2.4
        self.then_the_address_is("/login/information/")
        self.then_is_heard(("heading", "."), ("button", "^Akceptuję$"), ("button", "^Nie teraz$"))
        self.when_pressed("main button[name=accept], main button[value=accept]")
        # M2.5
        self.then_the_address_is("/login/password/")
        self.then_is_heard(("textbox", "hasło"), ("textbox", "[Pp]owtórz|jeszcze raz"), ("button", "."))
        self.when_a_password_is_typed(OWN_PASSWORD)
        # M2.6, M2.8
        self.then_the_address_is("/examinations/")
        self.then_is_heard(*[("link", f"^{tab}") for tab in TABS], ("heading", "^Moje badania$"))
        for tab in TABS:
            expect(self.page.get_by_role("link", name=re.compile(f"^{tab}")).first).to_be_visible()

    def test_m2_4_not_now_by_keyboard(self) -> None:
        self.given_a_new_patient()
        self.given_a_telephone()
        self.when_opened("/login/")
        self.when_the_login_is_typed()
        self.when_the_code_is_typed()
        self.when_pressed("main button[name=later]")
        self.then_is_heard(("heading", "."), ("link", r"\+48 22 000 00 00"))
        self.when_opened("/examinations/")
        self.then_the_address_is("/login/")

    def test_m2_7_icons_are_words(self) -> None:
        self.given_a_signed_in_patient(screen={"width": 390, "height": 844})
        self.then_is_heard(("heading", "^Moje badania$"), ("StaticText", "^Opis dostępny$"))
        self.then_is_heard(("StaticText", "^Obrazy dostępne$"))
        self.when_pressed("main .row-title a")
        self.page.wait_for_url("**/examinations/*/")

    @pytest.mark.long
    def test_m2_9_the_mail_leads_to_the_list(self) -> None:
        """The link of a notice, opened by somebody who is not signed in."""
        self.given_a_signed_in_patient()
        notice = self.portal.wait_for(
            lambda: [mail for mail in self.portal.mails(self.person.email) if "/examinations/" in str(mail)],
            what="the notice",
        )[0]
        text = str(notice.get_body(("plain",)).get_content())  # type: ignore[union-attr]
        link = re.search(re.escape(self.portal.url) + r"(/examinations/\S*)", text)
        assert link
        self.given_a_telephone()
        self.when_opened(link.group(1))
        self.then_the_address_is("/login/")
        self.when_the_login_is_typed()
        self.when_the_code_is_typed()
        self.then_the_address_is("/examinations/")

    def test_errors_are_heard_and_get_the_focus(self) -> None:
        """M2.2, M2.3: what was wrong stands first, is read out, and leads to its field (3.3.1)."""
        self.given_the_login_page()
        self.when_the_login_is_typed("zupełnie inne hasło")
        expect(self.page.locator(".error-summary, [role=alert]").first).to_be_visible()
        assert any(role in ("alert", "group") or "hasł" in name for role, name in self.tree())
        self.when_the_login_is_typed()
        self.then_the_address_is("/login/code/")
        self.when_typed(CODE, "0000" if self.the_code() != "0000" else "1111")
        self.when_pressed(SUBMIT.format(CODE))
        expect(self.page.locator(".error-summary").first).to_be_focused()
        described = self.page.locator(CODE).get_attribute("aria-describedby") or ""
        assert described
        assert self.page.locator(CODE).get_attribute("aria-invalid") == "true"

    def tree(self) -> list[tuple[str, str]]:
        from .keys import heard

        return heard(self.page)


class TestChapter8(Chapters):
    def test_m8_1_change_of_the_password(self) -> None:
        self.given_her_list()
        self.when_opened_by_keys("header details.menu > summary")
        self.then_is_heard(("DisclosureTriangle", "Ewa Nowak"), ("link", "^Zmień hasło$"))
        self.when_pressed("a[href='/account/password/']")
        self.then_the_address_is("/account/password/")
        self.then_is_heard(("heading", "hasł"), ("textbox", "."), ("textbox", "."), ("textbox", "."))
        self.when_typed(PASSWORD, self.person.password)
        self.when_a_password_is_typed(FRESH_PASSWORD)
        expect(self.page.locator(".banner-ok, .messages").first).to_be_visible()
        self.then_is_heard(("heading", "."))

    @pytest.mark.long
    def test_m8_2_a_forgotten_password(self) -> None:
        self.given_the_login_page()
        self.then_is_heard(("link", "^Nie pamiętasz swojego hasła\\?$"))
        self.when_pressed("a[href='/login/forgotten/']")
        self.then_is_heard(("heading", "hasł"), ("textbox", "^Nazwa użytkownika$"), ("button", "."))
        self.when_typed("input[autocomplete=username]", self.person.user_name)
        self.when_pressed(SUBMIT.format("input[autocomplete=username]"))
        self.then_is_heard(("heading", "."))
        link = self.reset_link()
        self.seen_texts = len(self.portal.texts(self.person.mobile))
        self.when_opened(link)
        self.then_is_heard(("heading", "."), ("button", "^Wyślij kod$"))
        self.when_pressed("main form button[type=submit]")
        self.when_the_code_is_typed()
        self.then_is_heard(("textbox", "hasło"), ("button", "."))
        self.when_a_password_is_typed(FRESH_PASSWORD)
        self.then_the_address_is("/examinations/")
        assert len(self.portal.texts(self.person.mobile)) == self.seen_texts + 1  # one code in the whole way

    def test_m8_3_five_wrong_passwords_and_m8_6_the_mail(self) -> None:
        self.given_the_login_page()
        for number in range(5):
            self.when_the_login_is_typed(f"zupełnie inne hasło {number}")
        self.then_the_page_says_locked()
        expect(self.page.get_by_role("alert").first).to_contain_text("Konto zostało zablokowane")
        self.then_is_heard(("link", r"\+48 22 000 00 00"), ("link", "pomoc@szpital.example"))
        self.when_opened("/login/forgotten/")
        before = len(self.portal.mails(self.person.email))
        self.when_typed("input[autocomplete=username]", self.person.user_name)
        self.when_pressed(SUBMIT.format("input[autocomplete=username]"))
        mails = self.portal.wait_for(
            lambda: self.portal.mails(self.person.email)[before:], what="the mail without a link"
        )
        text = str(mails[-1].get_body(("plain",)).get_content())  # type: ignore[union-attr]
        assert "/login/reset/" not in text
        assert "+48 22 000 00 00" in text
        assert "zablokowan" in text

    @pytest.mark.long
    def test_m8_4_a_forgotten_user_name(self) -> None:
        self.given_the_login_page()
        self.when_pressed("a[href='/login/forgotten-name/']")
        self.then_is_heard(("heading", "."), ("textbox", "mail"), ("button", "."))
        before = len(self.portal.mails(self.person.email))
        self.when_typed("input[type=email]", self.person.email)
        self.when_pressed(SUBMIT.format("input[type=email]"))
        self.then_is_heard(("heading", "."))
        mails = self.portal.wait_for(lambda: self.portal.mails(self.person.email)[before:], what="the mail")
        assert self.person.user_name in str(mails[0].get_body(("plain",)).get_content())  # type: ignore[union-attr]

    @pytest.mark.long
    def test_m8_5_never_activated(self) -> None:
        self.given_a_new_patient()
        first = self.person.password
        self.given_a_telephone()
        self.when_opened("/login/forgotten/")
        self.when_typed("input[autocomplete=username]", self.person.user_name)
        self.when_pressed(SUBMIT.format("input[autocomplete=username]"))

        def fresh() -> str:
            found = read_account_mail(self.portal, self.person.email, self.person.mobile)
            return found.password if found.password != first else ""

        self.person.password = self.portal.wait_for(fresh, what="the new temporary password")
        self.when_opened("/login/")
        self.when_the_login_is_typed()
        self.when_the_code_is_typed()
        self.then_the_address_is("/login/information/")  # the order of first login stays
