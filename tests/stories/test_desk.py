"""Somebody comes to the registration desk: no way in, no address on file, a slip to take home (S7, S9, M8.5)."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.portal import Portal

from .browser import DESKTOP, NARROW, PHONE
from .sites import DESK_PAGES, PRIVACY_PAGES, PRIVACY_PAGES_OF_A_PATIENT, STAFF_PAGES
from .story import Story
from .test_axe import violations
from .visitor import Person, Visitor, read_account_mail

CLERK = ("rejestracja@szpital.example", "+48600100190")
SLIP_ON_ONE_PAGE = ("A4", "A5")


class AtTheDesk(Story):
    @pytest.fixture(autouse=True)
    def _clerk(self, _stage: None) -> None:
        with contextlib.closing(Visitor(self.portal, staff=True)) as visitor:
            visitor.sign_in(read_account_mail(self.portal, *CLERK))
            self.staff_cookies = visitor.cookies()

    def given_the_clerk_is_signed_in(self, **browser: object) -> Page:
        page = self.given_a_browser(**browser)  # type: ignore[arg-type]
        page.context.add_cookies(self.staff_cookies)  # type: ignore[arg-type]
        page.goto(self.portal.staff_url + "/staff/desk/")
        return page

    def when_looked_for(self, wanted: str, name: str) -> None:
        self.page.get_by_label(re.compile("PESEL")).fill(wanted)
        self.page.keyboard.press("Enter")
        self.then_no_word_stands_in_the_address()
        self.page.get_by_role("link", name=name).click()
        self.then_the_heading_is(name)

    def then_no_word_stands_in_the_address(self) -> None:
        expect(self.page.get_by_role("heading", name="Wyniki wyszukiwania")).to_be_visible()
        assert self.page.url == self.portal.staff_url + "/staff/desk/"

    def when_contact_is_entered(self, email: str, mobile: str) -> None:
        self.page.get_by_role("link", name="Wpisz e-mail lub telefon").click()
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Numer telefonu komórkowego").fill(mobile)
        self.page.get_by_label("Okazany dokument").select_option("identity card")
        self.page.get_by_label(re.compile("Ostatnie cztery znaki")).fill("1234")
        self.page.get_by_role("button", name="Zapisz").click()


class TestTheTemporaryPasswordHasExpired(AtTheDesk):
    def test_the_desk_issues_it_anew_and_the_patient_signs_in(self) -> None:
        """M8.5: on a phone at the counter; afterwards the order of first login is as ever (M2.3-M2.6)."""
        patient = self.given_a_new_patient(given="Wanda", family="Spóźniona")
        old = patient.password
        self.given_the_password_has_expired(patient)
        self.given_the_clerk_is_signed_in(screen=PHONE)
        self.when_looked_for("spozniona 29.02.1960", "Wanda Spóźniona")
        self.then_the_page_says("Nieużywane; hasło tymczasowe straciło ważność")
        self.page.get_by_role("button", name="Wyślij nowe hasło tymczasowe").click()
        self.then_the_page_says("Czeka na pierwsze logowanie")
        self.then_nothing_is_wider_than_the_screen()
        self.person = self.portal.wait_for(lambda: newer(self.portal, patient, old), what="the new password")
        self.given_a_browser(screen=PHONE)
        self.when_opened("/login/")
        self.when_the_password_is_entered()
        self.when_the_code_is_entered()
        self.when_the_clause_is_accepted()
        self.when_an_own_password_is_set()
        self.then_the_address_is("/examinations/")

    def given_the_password_has_expired(self, patient: Person) -> None:
        yesterday = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S")
        self.portal.rows(
            "UPDATE accounts_account SET temporary_until = ? WHERE user_name = ?",
            yesterday,
            patient.user_name,
        )


def newer(portal: Portal, patient: Person, old: str) -> Person | None:
    found = read_account_mail(portal, patient.email, patient.mobile, patient.mrn)
    return found if found.password != old else None


class TestThereIsNoAccountYet(AtTheDesk):
    def test_contact_data_bring_the_account_and_the_slip(self) -> None:
        """M0.3, S7: the missing ones are entered, the account appears by itself, its mail arrives."""
        self.portal.klisza(
            "patient", "upsert", "--id", "DESK-1", "--family", "Bezadresowa", "--given", "Zofia",
            "--birth-date", "1949-07-08", "--sex", "F",
        )  # fmt: skip
        page = self.given_the_clerk_is_signed_in()
        self.when_looked_for("DESK-1", "Zofia Bezadresowa")
        self.then_the_page_says("Brak adresu e-mail.")
        self.then_the_page_says("Brak numeru telefonu komórkowego.")
        self.then_the_page_says("Pacjent nic nie widzi: nie ma konta, więc nikt nie może się zalogować.")
        self.when_contact_is_entered("zofia@poczta.example", "600 100 991")
        self.then_the_page_says("Czeka na pierwsze logowanie")
        person = read_account_mail(self.portal, "zofia@poczta.example", "+48600100991")
        page.get_by_role("link", name="Kartka dla pacjenta").click()
        self.then_the_slip_holds(person)

    def then_the_slip_holds(self, person: Person) -> None:
        """Address, user name, picture; no password, no name, no number; on one page of either size."""
        slip = self.page.locator(".slip")
        expect(slip).to_contain_text(person.user_name)
        expect(slip).to_contain_text(self.portal.url)
        expect(slip.locator(".slip-picture")).to_be_visible()
        everything = self.page.content()
        for secret in (person.password, "Bezadresowa", "600100991", "600 100 991", "zofia@", "DESK-1"):
            assert secret not in everything
        for size in SLIP_ON_ONE_PAGE:
            assert len(re.findall(rb"/Type\s*/Page\b", self.page.pdf(format=size))) == 1


class TestPagesOfTheDesk(AtTheDesk):
    """Axe, one heading, labels, nothing wider than the screen (trust.md 7)."""

    @pytest.mark.parametrize(
        ("screen", "scheme"),
        [
            (NARROW, "light"),
            pytest.param(PHONE, "dark", marks=pytest.mark.long),
            pytest.param(DESKTOP, "dark", marks=pytest.mark.long),
        ],
    )
    def test_axe_finds_nothing(self, screen: dict[str, int], scheme: str) -> None:
        person = self.given_a_new_patient(given="Lidia", family="Kontrolna")
        self.given_an_app(person)
        self.given_the_clerk_is_signed_in(screen=screen, color_scheme=scheme, reduced_motion="reduce")
        self.when_looked_for(person.mrn, "Lidia Kontrolna")
        patient = self.page.url
        self.then_all_are_in_order(
            *(self.portal.staff_url + page for page in STAFF_PAGES.values()),
            *(patient + page for page in DESK_PAGES.values()),
        )
        with self.given_the_role_of_privacy():
            self.then_all_are_in_order(
                *(self.portal.staff_url + page for page in PRIVACY_PAGES.values()),
                *(patient + page for page in PRIVACY_PAGES_OF_A_PATIENT.values()),
            )

    def given_an_app(self, person: Person) -> None:
        self.portal.rows(
            "INSERT INTO accounts_factor (id, account_id, kind, name, sealed, sign_count, last_step,"
            " created_at, confirmed_at) SELECT ?, id, 'totp', '', '', 0, 0, ?, ?"
            " FROM accounts_account WHERE user_name = ?",
            uuid.uuid4().hex, *[f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"] * 2, person.user_name,
        )  # fmt: skip

    @contextlib.contextmanager
    def given_the_role_of_privacy(self) -> Iterator[None]:
        clerk = "(SELECT account_id FROM accounts_staffrole WHERE role = 'registration' LIMIT 1)"
        self.portal.rows(f"INSERT INTO accounts_staffrole (account_id, role) VALUES ({clerk}, 'privacy')")
        try:
            yield
        finally:
            self.portal.rows("DELETE FROM accounts_staffrole WHERE role = 'privacy'")

    def then_all_are_in_order(self, *addresses: str) -> None:
        for address in addresses:
            answer = self.page.goto(address)
            assert answer is not None
            assert answer.ok, address
            expect(self.page.get_by_role("heading", level=1)).to_have_count(1)
            assert violations(self.page) == [], address
            self.then_nothing_is_wider_than_the_screen()
