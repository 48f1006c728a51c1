"""Logging in without text messages: passkeys and apps, for patients and for staff (N18, T-11, T-50).

The portal answers under `localhost` here: browsers make no passkeys for a bare address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.portal import Portal

from .browser import PHONE
from .story import Story
from .test_axe import violations
from .visitor import OWN_PASSWORD, Person


@pytest.fixture(scope="module")
def demo_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Without the demo's people; staff must have a factor, as outside the demo."""
    portal = Portal(tmp_path_factory.mktemp("factors"), KLISZA_STAFF_FACTOR="required")
    portal.url = f"http://localhost:{portal.web}"
    portal.staff_url = f"http://localhost:{portal.staff}"
    portal.environment |= {"KLISZA_PUBLIC_URL": portal.url, "KLISZA_STAFF_URL": portal.staff_url}
    portal.start()
    yield portal
    portal.stop()


class FactorStory(Story):
    def given_a_patient_inside(self, **browser: Any) -> Page:
        """After first login, with a virtual authenticator (a telephone that knows its owner's finger)."""
        self.given_a_new_patient()
        self.given_a_browser(**browser)
        self.given_an_authenticator()
        self.when_opened("/login/")
        self.when_the_password_is_entered()
        self.when_the_code_is_entered()
        self.when_the_clause_is_accepted()
        self.when_an_own_password_is_set()
        self.then_the_address_is("/examinations/")
        return self.page

    def given_an_authenticator(self) -> None:
        self.cdp = self.page.context.new_cdp_session(self.page)
        self.cdp.send("WebAuthn.enable")
        added = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
            "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
        }})  # fmt: skip
        self.authenticator = added["authenticatorId"]

    def given_the_owner_is_not_recognised(self) -> None:
        self.cdp.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self.authenticator, "isUserVerified": False}
        )

    def when_a_passkey_is_added(self, name: str = "mój telefon") -> None:
        self.page.get_by_label("Nazwa urządzenia").fill(name)
        self.page.get_by_role("button", name="Dodaj klucz dostępu").click()

    def when_an_app_is_set_up(self) -> str:
        """Returns its secret, read from the page as text, as somebody does who cannot scan."""
        self.page.get_by_role("button", name="Ustaw aplikację").click()
        expect(self.page.locator("img.qr")).to_be_visible()
        self.page.get_by_text("Nie można zeskanować").click()
        secret = self.page.locator("#secret").inner_text().replace(" ", "")
        self.when_the_app_shows(pyotp.TOTP(secret).now(), button="Dodaj aplikację")
        return secret

    def when_the_app_shows(self, code: str, *, button: str = "Dalej") -> None:
        self.page.get_by_label("Kod z aplikacji").fill(code)
        self.page.locator(f"form:has(#app_code) button:has-text('{button}')").click()

    def when_logged_out(self) -> None:
        self.page.locator("details.menu > summary").first.click()
        self.page.get_by_role("button", name="Wyloguj").click()
        self.then_the_address_is("/login/")

    def the_recovery_codes(self) -> list[str]:
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Kody zapasowe")
        return self.page.locator(".recovery-codes code").all_inner_texts()

    def then_the_mail_says(self, subject: str) -> None:
        self.portal.wait_for(
            lambda: [
                mail for mail in self.portal.mails(self.person.email) if subject in str(mail["Subject"])
            ],
            what=subject,
        )


class TestAPatientLogsInWithAPasskey(FactorStory):
    def test_from_the_offer_to_the_next_login(self) -> None:
        self.given_a_patient_inside(screen=PHONE)
        self.then_the_page_says("Następnym razem prościej")
        self.page.get_by_role("link", name="Pokaż, jak to zrobić").click()
        self.then_the_address_is("/account/security/add/")
        self.when_a_passkey_is_added()
        assert len(self.the_recovery_codes()) == 10
        self.page.get_by_role("link", name="Kody zapisane, dalej").click()
        self.then_the_address_is("/account/security/")
        self.then_the_page_says("mój telefon")
        self.then_the_mail_says("Nowy sposób logowania")
        self.when_opened("/examinations/")
        expect(self.page.get_by_text("Następnym razem prościej")).to_have_count(0)
        seen = len(self.portal.texts(self.person.mobile))
        self.when_logged_out()
        self.page.get_by_role("button", name="Zaloguj się kluczem dostępu").click()
        self.then_the_address_is("/examinations/")
        assert len(self.portal.texts(self.person.mobile)) == seen  # neither password nor code

    def test_without_the_finger_it_opens_nothing(self) -> None:
        self.given_a_patient_inside()
        self.when_opened("/account/security/add/")
        self.when_a_passkey_is_added()
        self.page.get_by_role("link", name="Kody zapisane, dalej").click()
        self.when_logged_out()
        self.given_the_owner_is_not_recognised()
        self.page.get_by_role("button", name="Zaloguj się kluczem dostępu").click()
        self.then_the_page_says("Klucz dostępu nie został użyty")
        self.then_the_address_is("/login/")

    @pytest.mark.long
    def test_a_link_survives_the_passkey(self) -> None:
        """S43"""
        self.given_a_patient_inside()
        self.when_opened("/account/security/add/")
        self.when_a_passkey_is_added()
        self.page.get_by_role("link", name="Kody zapisane, dalej").click()
        self.when_logged_out()
        self.when_opened("/documents/")
        self.page.get_by_role("button", name="Zaloguj się kluczem dostępu").click()
        self.then_the_address_is("/documents/")

    @pytest.mark.long
    def test_after_the_password_it_replaces_the_code(self) -> None:
        self.given_a_patient_inside()
        self.when_opened("/account/security/add/")
        self.when_a_passkey_is_added()
        self.page.get_by_role("link", name="Kody zapisane, dalej").click()
        self.when_logged_out()
        self.when_the_password_is_entered()
        self.then_the_address_is("/login/factor/")
        self.page.get_by_role("button", name="Użyj klucza dostępu").click()
        self.then_the_address_is("/examinations/")


class TestAPatientLogsInWithAnApp(FactorStory):
    def test_its_code_a_text_message_or_a_recovery_code(self) -> None:
        self.given_a_patient_inside()
        self.when_opened("/account/security/add/")
        secret = self.when_an_app_is_set_up()
        codes = self.the_recovery_codes()
        self.page.get_by_role("link", name="Kody zapisane, dalej").click()
        self.when_logged_out()

        self.when_the_password_is_entered()
        self.then_the_address_is("/login/factor/")
        self.when_the_app_shows(pyotp.TOTP(secret).at(_soon()))
        self.then_the_address_is("/examinations/")
        self.when_logged_out()

        self.when_the_password_is_entered()
        self.page.get_by_role("button", name=re.compile("kod SMS na numer")).click()
        self.when_the_code_is_entered()
        self.then_the_address_is("/examinations/")
        self.when_logged_out()

        self.when_the_password_is_entered()
        self.page.get_by_text("Użyj kodu zapasowego").click()
        self.page.get_by_label("Kod zapasowy").fill(codes[0])
        self.page.locator("form:has(#id_recovery_code) button").click()
        self.then_the_address_is("/examinations/")
        self.then_the_mail_says("Użyto kodu zapasowego")

    def test_not_now_is_remembered(self) -> None:
        self.given_a_patient_inside()
        self.page.locator("section:has(#factor-offer)").get_by_role("button", name="Nie teraz").click()
        self.then_the_address_is("/examinations/")
        expect(self.page.get_by_text("Następnym razem prościej")).to_have_count(0)
        self.when_logged_out()
        self.when_the_password_is_entered()
        self.when_the_code_is_entered()
        self.then_the_address_is("/examinations/")
        expect(self.page.get_by_text("Następnym razem prościej")).to_have_count(0)

    @pytest.mark.long
    def test_it_is_removed_again(self) -> None:
        self.given_a_patient_inside()
        self.when_opened("/account/security/add/")
        self.when_an_app_is_set_up()
        self.page.get_by_role("link", name="Kody zapisane, dalej").click()
        self.page.get_by_role("link", name="Usuń Aplikacja z kodami").click()
        self.page.get_by_role("button", name="Usuń", exact=True).click()
        self.then_the_address_is("/account/security/")
        expect(self.page.get_by_role("link", name=re.compile("^Usuń"))).to_have_count(0)
        self.then_the_mail_says("Usunięto sposób logowania")


class TestStaffCannotDoWithout(FactorStory):
    """R15, T-11: the first login of staff ends with a passkey or an app, every later one begins with it."""

    def given_new_staff(self, name: str) -> str:
        done = self.portal.klisza("staff", "create", name, "--role", "registration")
        self.person = Person("", "", name, _password(done.stdout))
        page = self.given_a_browser()
        self.given_an_authenticator()
        page.goto(self.portal.staff_url + "/staff/")
        return self.person.password

    def then_the_staff_address_is(self, path: str) -> None:
        expect(self.page).to_have_url(re.compile(re.escape(self.portal.staff_url + path) + r"(\?.*)?$"))

    def test_with_a_passkey(self) -> None:
        self.given_new_staff("jan")
        self.when_the_password_is_entered()
        self.then_the_staff_address_is("/login/enrol/")
        self.page.goto(self.portal.staff_url + "/staff/")
        self.then_the_staff_address_is("/login/")  # nothing opens before
        self.page.goto(self.portal.staff_url + "/login/enrol/")
        self.when_a_passkey_is_added("")
        assert len(self.the_recovery_codes()) == 10
        self.page.get_by_role("link", name="Kody zapisane, dalej").click()
        self.then_the_staff_address_is("/login/password/")
        self.when_an_own_password_is_set()
        self.then_the_staff_address_is("/staff/")
        self.page.locator("details.menu > summary").first.click()
        self.page.get_by_role("button", name="Wyloguj").click()
        self.page.get_by_role("button", name="Zaloguj się kluczem dostępu").click()
        self.then_the_staff_address_is("/staff/")
        self.page.goto(self.portal.staff_url + "/account/security/")
        self.page.get_by_role("link", name="Usuń Klucz dostępu").click()
        self.page.get_by_role("button", name="Usuń", exact=True).click()
        self.then_the_page_says("Personel musi mieć klucz dostępu albo aplikację")

    @pytest.mark.long
    def test_with_an_app_that_is_lost_later(self) -> None:
        self.given_new_staff("ola")
        self.when_the_password_is_entered()
        self.when_an_app_is_set_up()
        self.page.get_by_role("link", name="Kody zapisane, dalej").click()
        self.when_an_own_password_is_set()
        self.then_the_staff_address_is("/staff/")
        done = self.portal.klisza("staff", "reset", "ola", "--reason", "telefon zgubiony, dowód okazany")
        self.page.goto(self.portal.staff_url + "/staff/")
        self.then_the_staff_address_is("/login/")
        self.when_the_password_is_entered(OWN_PASSWORD)
        self.then_the_staff_address_is("/login/")  # the old password is dead
        self.when_the_password_is_entered(_password(done.stdout))
        self.then_the_staff_address_is("/login/enrol/")

    def test_a_patients_passkey_opens_no_staff_page(self) -> None:
        """T-11: the listener's own people only."""
        self.given_a_patient_inside()
        self.when_opened("/account/security/add/")
        self.when_a_passkey_is_added()
        self.page.get_by_role("link", name="Kody zapisane, dalej").click()
        self.page.goto(self.portal.staff_url + "/login/")
        self.page.get_by_role("button", name="Zaloguj się kluczem dostępu").click()
        self.then_the_page_says("Nie udało się sprawdzić klucza dostępu")


class TestTheirPagesAreAccessible(FactorStory):
    @pytest.mark.parametrize(
        "language", ["pl", *(pytest.param(one, marks=pytest.mark.long) for one in ("en", "uk"))]
    )
    def test_axe_finds_nothing(self, language: str) -> None:
        page = self.given_a_patient_inside(screen={"width": 320, "height": 640})
        self.when_opened("/account/security/add/")
        secret = self.when_an_app_is_set_up()
        found: list[str] = []

        def look() -> None:
            found.extend(f"{page.url}: {row}" for row in violations(page))
            self.then_nothing_is_wider_than_the_screen()

        look()
        self.page.get_by_role("link", name="Kody zapisane, dalej").click()
        page.locator("footer, header").first.wait_for()
        self.when_the_language_is(language)
        for path in ("", "add/", "recovery/"):
            self.when_opened(f"/account/security/{path}")
            look()
        page.locator("button[name=start]").first.click() if page.locator(
            "button[name=start]"
        ).count() else None
        self.when_opened("/account/confirm/")
        look()
        page.context.clear_cookies(name=re.compile("klisza_session"))
        self.when_opened("/login/")
        page.locator("#id_user_name").fill(self.person.user_name)
        page.locator("#id_password").fill(self.person.password)
        page.locator("form:has(#id_password) button[type=submit]").click()
        self.then_the_address_is("/login/factor/")
        page.locator("#app_code").fill("000000" if pyotp.TOTP(secret).now() != "000000" else "000001")
        page.locator("form:has(#app_code) button").click()
        expect(page.locator(".error-summary")).to_be_visible()
        look()
        assert not found

    def when_the_language_is(self, language: str) -> None:
        self.page.context.add_cookies(
            [{"name": "klisza_language", "value": language, "url": self.portal.url}]
        )
        token = self.page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value")
        self.page.evaluate(
            "([token, language]) => fetch('/language/', {method: 'POST',"
            " body: new URLSearchParams({csrfmiddlewaretoken: token, language})})",
            [token, language],
        )


def _password(printed: str) -> str:
    found = re.search(r"[2-9A-Z]{4}(-[2-9A-Z]{4}){3}", printed)
    assert found, printed
    return found.group()


def _soon() -> float:
    """One step ahead, which is allowed: the present code was used a moment ago."""
    import time

    return time.time() + 30
