"""Staff with the hospital account, a patient with a proven identity: a real portal, a real provider, a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from klisza.patients import pesel
from tests.accounts import idp
from tests.patients.test_proven import HIGH, number
from tests.portal import Portal, running

from .browser import DESKTOP, PHONE
from .story import Story
from .test_axe import violations

LABEL = "Węzeł Krajowy (próba)"


@pytest.fixture(scope="module")
def provider() -> Iterator[idp.Provider]:
    with idp.running() as started:
        yield started


@pytest.fixture(scope="module")
def demo_portal(provider: idp.Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("oidc")
    secret = folder / "secret"
    secret.write_text(idp.SECRET + "\n")
    settings = {
        "KLISZA_STAFF_FACTOR": "required",
        "KLISZA_ACCOUNT_POLICY": "with-first-visible-examination",
        "KLISZA_STAFF_OIDC_ISSUER": provider.issuer,
        "KLISZA_STAFF_OIDC_CLIENT_ID": idp.CLIENT,
        "KLISZA_STAFF_OIDC_CLIENT_SECRET_FILE": str(secret),
        "KLISZA_STAFF_OIDC_ROLES": "rejestracja=registration, rtg=radiology",
        "KLISZA_STAFF_OIDC_ACR": "mfa",
        "KLISZA_PATIENT_OIDC_ISSUER": provider.issuer,
        "KLISZA_PATIENT_OIDC_CLIENT_ID": idp.CLIENT,
        "KLISZA_PATIENT_OIDC_CLIENT_SECRET_FILE": str(secret),
        "KLISZA_PATIENT_OIDC_ACR": HIGH,
        "KLISZA_PATIENT_OIDC_LABEL": LABEL,
    }
    with running(folder, **settings) as portal:
        yield portal


class ProviderStory(Story):
    provider: idp.Provider

    @pytest.fixture(autouse=True)
    def _with_provider(self, provider: idp.Provider) -> Iterator[None]:
        self.provider = provider
        provider.people = {
            "ola": {"sub": "ola-1", "name": "Ola Lis", "groups": ["rejestracja"], "amr": ["mfa"]},
            "ewa": {"sub": "x-1", "pesel": number(), "acr": HIGH},
        }
        yield
        provider.fault.clear()

    def _note_request(self, request: Any) -> None:
        """The only other host a person is ever sent to."""
        if urlsplit(request.url).netloc != urlsplit(self.provider.issuer).netloc:
            super()._note_request(request)

    def when_staff_open(self, path: str) -> None:
        self.page.goto(self.portal.staff_url + path)

    def when_the_provider_is_told(self, who: str) -> None:
        expect(self.page).to_have_title("Provider")
        self.page.get_by_role("button", name=who).click()

    def then_the_staff_address_is(self, path: str) -> None:
        expect(self.page).to_have_url(re.compile(re.escape(self.portal.staff_url + path) + r"(\?.*)?$"))

    def then_the_page_is_good(self) -> None:
        self.then_nothing_is_wider_than_the_screen()
        assert not violations(self.page)


class TestAMemberOfStaffUsesTheHospitalAccount(ProviderStory):
    def test_from_a_link_to_the_page_and_out(self) -> None:
        self.given_a_browser()
        self.when_staff_open("/staff/tasks/")
        self.then_the_staff_address_is("/login/")
        self.page.get_by_role("link", name="Zaloguj kontem szpitala").click()
        self.when_the_provider_is_told("ola")
        self.then_the_staff_address_is("/staff/tasks/")
        assert "code=" not in self.page.evaluate("document.referrer")
        self.page.locator("details.menu > summary").first.click()
        self.page.get_by_role("button", name="Wyloguj").click()
        self.then_the_staff_address_is("/login/")

    def test_by_keyboard_alone(self) -> None:
        self.given_a_browser()
        self.when_staff_open("/login/")
        self.page.get_by_role("link", name="Zaloguj kontem szpitala").focus()
        self.page.keyboard.press("Enter")
        expect(self.page).to_have_title("Provider")

    def test_somebody_without_a_group(self) -> None:
        self.provider.people["ola"]["groups"] = ["kuchnia"]
        self.given_a_browser()
        self.when_staff_open("/login/")
        self.page.get_by_role("link", name="Zaloguj kontem szpitala").click()
        self.when_the_provider_is_told("ola")
        self.then_the_staff_address_is("/login/")
        self.then_the_page_says("nie należy do żadnej grupy")

    @pytest.mark.parametrize("screen", [PHONE, pytest.param(DESKTOP, marks=pytest.mark.long)])
    def test_its_login_page(self, screen: dict[str, int]) -> None:
        self.given_a_browser(screen=screen)
        self.when_staff_open("/login/")
        expect(self.page.get_by_role("link", name="Zaloguj kontem szpitala")).to_be_visible()
        self.then_the_page_is_good()


class TestAPatientProvesWhoSheIs(ProviderStory):
    def given_a_patient_with_a_pesel(self) -> str:
        """Known to the hospital, reachable, and without an account: the policy waits for an examination."""
        self.portal.klisza(
            "patient", "upsert", "--id", number(), "--issuer", pesel.ISSUER, "--family", "Nowak", "--given", "Ewa",
            "--birth-date", "1980-03-07", "--sex", "F", "--email", "ewa.oidc@poczta.example",
            "--mobile", "+48600100777",
        )  # fmt: skip
        return number()

    def when_the_broker_is_chosen(self) -> None:
        self.page.get_by_role("link", name=f"Zaloguj się przez {LABEL}").click()

    def test_first_login_without_name_password_or_code(self) -> None:
        self.given_a_patient_with_a_pesel()
        self.given_a_browser(screen=PHONE)
        self.when_opened("/documents/")
        self.then_the_address_is("/login/")
        self.when_the_broker_is_chosen()
        self.when_the_provider_is_told("ewa")
        self.then_the_address_is("/login/information/")
        self.when_the_clause_is_accepted()
        self.then_the_address_is("/login/password/")
        self.then_the_page_is_good()
        self.page.get_by_role("button", name="Bez hasła").click()
        self.then_the_address_is("/documents/")
        assert not self.portal.texts("+48600100777")
        self.page.locator("details.menu > summary").first.click()
        self.page.get_by_role("button", name="Wyloguj").click()
        self.when_the_broker_is_chosen()
        self.when_the_provider_is_told("ewa")
        self.then_the_address_is("/examinations/")
        self.when_opened("/account/password/")
        self.then_the_page_is_good()
        self.when_opened("/account/confirm/")
        self.then_the_page_is_good()
        assert number() not in self.portal.log.read_text("utf-8", "replace")
        assert "code=" not in self.portal.log.read_text("utf-8", "replace")

    def test_somebody_the_hospital_does_not_know(self) -> None:
        self.provider.people["ewa"]["pesel"] = number(serial=5550)
        self.given_a_browser(screen=PHONE)
        self.when_opened("/login/")
        self.when_the_broker_is_chosen()
        self.when_the_provider_is_told("ewa")
        self.then_the_address_is("/login/identity/refused/")
        self.then_the_heading_is("Jeszcze nic tu nie ma")
        self.then_the_page_is_good()

    def test_who_turns_back_can_log_in_another_way(self) -> None:
        self.given_a_browser()
        self.when_opened("/login/?next=/documents/")
        self.when_the_broker_is_chosen()
        self.when_the_provider_is_told("nobody")
        self.then_the_page_says("zostało przerwane")
        self.then_the_page_is_good()
        self.page.get_by_role("link", name="Zaloguj się nazwą użytkownika i hasłem").click()
        self.then_the_address_is("/login/")
        assert "next=%2Fdocuments%2F" in self.page.url

    def test_silent_provider_stalls_no_login(self) -> None:
        """The person is told, and the login page is there all the time."""
        self.provider.fault["/token"] = "stall"
        self.given_a_browser()
        self.when_opened("/login/")
        self.when_the_broker_is_chosen()
        self.page.get_by_role("button", name="ewa").click(no_wait_after=True)
        assert self.portal.get("/login/")[0] == 200
        self.then_the_page_says("nie odpowiada")

    @pytest.mark.parametrize("fault", ["stall", pytest.param("drip", marks=pytest.mark.long)])
    def test_thirty_who_wait_for_it_hold_up_nobody(self, fault: str) -> None:
        """More than it has slots: those are told at once, and all within the deadline."""
        visitors = [httpx.Client(base_url=self.portal.url, timeout=30) for _ in range(30)]
        ways = [visitor.get("/login/identity/").headers["location"] for visitor in visitors]
        backs = [self.provider.decide("ewa", idp.query_of(way)) for way in ways]
        self.provider.fault["/token"] = fault
        with ThreadPoolExecutor(len(visitors)) as pool:
            began = time.monotonic()
            waiting = [pool.submit(visitor.get, back) for visitor, back in zip(visitors, backs, strict=True)]
            slowest = max(self._seconds_of_the_login_page() for _ in range(10))
            ended = [one.result().headers["location"] for one in waiting]
            took = time.monotonic() - began
        for visitor in visitors:
            visitor.close()
        assert ended == ["/login/identity/refused/"] * len(visitors)
        assert slowest < 3
        assert took < 20

    def _seconds_of_the_login_page(self) -> float:
        began = time.monotonic()
        assert self.portal.get("/login/")[0] == 200
        return time.monotonic() - began

    @pytest.mark.parametrize("screen", [PHONE, pytest.param(DESKTOP, marks=pytest.mark.long)])
    def test_the_login_page(self, screen: dict[str, int]) -> None:
        self.given_a_browser(screen=screen)
        self.when_opened("/login/")
        self.then_the_page_is_good()
