"""What every story has: a portal with the demo's people, a browser, and the sentences most of them share."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.portal import Portal

from .browser import DESKTOP, PATIENCE_MS, PHONE
from .visitor import CHOSEN, OWN_PASSWORD, Person, Visitor, is_signed_in, newest_code, read_account_mail

ANNA = ("anna.kowalczyk@poczta.example", "+48600100101")
NUMBERS = itertools.count(200)
# Codes are five an hour for one account: whoever is signed in already stays so for the other stories.
SIGNED_IN: dict[tuple[str, str], tuple[Person, list[dict[str, Any]]]] = {}


@pytest.mark.browser
class Story:
    portal: Portal
    browser: Browser
    page: Page
    person: Person

    @pytest.fixture(autouse=True)
    def _stage(self, demo_portal: Portal, browser: Browser) -> Iterator[None]:
        self.portal, self.browser = demo_portal, browser
        self._contexts: list[BrowserContext] = []
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        yield
        for context in self._contexts:
            context.close()
        assert not self.foreign, f"requests to other hosts: {self.foreign}"
        assert not self.complaints, f"the browser complained: {self.complaints}"

    # given
    def given_a_browser(self, *, screen: dict[str, int] = DESKTOP, **more: Any) -> Page:
        """A fresh profile in Polish. Asking another host, or being stopped by the policy, fails the story."""
        options: dict[str, Any] = {"viewport": screen, "locale": "pl-PL", "accept_downloads": True} | more
        if screen["width"] <= PHONE["width"]:
            options |= {"has_touch": True, "is_mobile": True}
        context = self.browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        context.on("request", self._note_request)
        context.on("console", lambda message: self._note_console(message.type, message.text))
        self._contexts.append(context)
        self.page = context.new_page()
        return self.page

    def given_a_new_patient(self, *, given: str = "Ewa", family: str = "Nowak") -> Person:
        """Somebody the hospital enters now; the account's mail is read."""
        number = next(NUMBERS)
        email, mobile, mrn = f"osoba{number}@poczta.example", f"+48600100{number}", f"STORY-{number}"
        self.portal.klisza(
            "patient", "upsert", "--id", mrn, "--family", family, "--given", given,
            "--birth-date", "1960-02-29", "--sex", "F", "--email", email, "--mobile", mobile,
        )  # fmt: skip
        self.person = read_account_mail(self.portal, email, mobile, mrn)
        return self.person

    def given_a_signed_in_patient(self, email: str = ANNA[0], mobile: str = ANNA[1], **browser: Any) -> Page:
        """One of the demo's patients, after first login; the browser stands on the list."""
        self.person, cookies = self._signed_in(email, mobile)
        page = self.given_a_browser(**browser)
        page.context.add_cookies(cookies)  # type: ignore[arg-type]
        page.goto(self.portal.url + "/examinations/")
        return page

    def _signed_in(self, email: str, mobile: str) -> tuple[Person, list[dict[str, Any]]]:
        key = (self.portal.url, mobile)
        if key not in SIGNED_IN or not is_signed_in(self.portal, SIGNED_IN[key][1]):
            person = read_account_mail(self.portal, email, mobile)
            with contextlib.closing(Visitor(self.portal)) as visitor:
                visitor.sign_in(person)
                SIGNED_IN[key] = (person, visitor.cookies())
        return SIGNED_IN[key]

    # when
    def when_opened(self, path: str) -> None:
        self.page.goto(self.portal.url + path)

    def when_the_password_is_entered(self, password: str = "") -> None:
        self.seen_texts = len(self.portal.texts(self.person.mobile))
        self.page.get_by_label("Nazwa użytkownika").fill(self.person.user_name)
        self.page.get_by_label("Hasło", exact=True).fill(password or self.person.password)
        self.page.get_by_role("button", name="Logowanie").click()

    def the_code(self) -> str:
        return newest_code(self.portal, self.person.mobile, after=self.seen_texts)

    def when_the_code_is_entered(self, code: str = "") -> None:
        self.page.locator("input[autocomplete=one-time-code]").fill(code or self.the_code())
        self.page.locator("form:has(input[autocomplete=one-time-code]) button[type=submit]").first.click()

    def when_the_clause_is_accepted(self) -> None:
        self.page.get_by_role("button", name="Akceptuję").click()

    def when_an_own_password_is_set(self, password: str = OWN_PASSWORD) -> None:
        fields = self.page.locator("input[autocomplete=new-password]")
        expect(fields.first).to_be_visible()  # the page before may still be there
        for field in fields.all():
            field.fill(password)
        self.page.locator("form:has(input[autocomplete=new-password]) button[type=submit]").first.click()
        self.person.password = CHOSEN[self.portal.url, self.person.user_name] = password

    # then
    def then_the_address_is(self, path: str) -> None:
        expect(self.page).to_have_url(re.compile(re.escape(self.portal.url + path) + r"(\?.*)?$"))

    def then_the_heading_is(self, text: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def then_the_page_says(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def then_nothing_is_wider_than_the_screen(self) -> None:
        wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{self.page.url}: {wide} px wider than the screen"

    def _note_request(self, request: Any) -> None:
        address = urlsplit(request.url)
        ours = {urlsplit(self.portal.url).netloc, urlsplit(self.portal.staff_url).netloc}
        if address.scheme in ("http", "https", "ws", "wss") and address.netloc not in ours:
            self.foreign.append(request.url)

    def _note_console(self, kind: str, text: str) -> None:
        if "Content Security Policy" in text or "Refused to" in text or "Uncaught" in text:
            self.complaints.append(text)
