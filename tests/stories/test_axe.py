"""axe-core finds nothing on any page and state; nothing scrolls sideways (trust.md 7.1, 7.3)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.portal import ROOT

from .fed import NAMES, fed
from .sites import OPEN_PAGES, PATIENT_PAGES, SURVEY_PAGES, pages_of
from .story import ANNA, Story
from .surveys import OPTIONAL, Surveys
from .visitor import Visitor

AXE = (ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS = {
    "320": {"width": 320, "height": 640},
    "768": {"width": 768, "height": 1024},
    "1280": {"width": 1280, "height": 800},
}
SHORT = ("320", "light", "pl")
LONG = [
    (screen, scheme, language)
    for screen in SCREENS
    for scheme in ("light", "dark")
    for language in ("pl", "en", "uk")
    if (screen, scheme, language) != SHORT
]


def _combinations(*languages: str, always: tuple[str, str, str] = SHORT) -> pytest.MarkDecorator:
    rows = [
        pytest.param(*row, marks=[] if row == always else [pytest.mark.long])
        for row in LONG
        if row[2] in languages
    ]
    return pytest.mark.parametrize(("screen", "scheme", "language"), [SHORT, *rows])


COMBINATIONS_WITH_DARK = _combinations("pl", "en", "uk", always=("1280", "dark", "pl"))
COMBINATIONS = _combinations("pl", "en", "uk")
IN_POLISH = _combinations("pl")  # the way of first login is walked by Polish labels
DATA_PAGES = [*PATIENT_PAGES, "examination", "report", "download", "share", "viewer"]


def violations(page: Page) -> list[str]:
    """Run in the page's own world by the debugger, so that the policy of the page stays as it is."""
    client = page.context.new_cdp_session(page)
    client.send("Runtime.evaluate", {"expression": AXE})
    run = f"axe.run(document, {{runOnly: {json.dumps(RULES)}}}).then(r => JSON.stringify(r.violations))"
    answer = client.send("Runtime.evaluate", {"expression": run, "awaitPromise": True, "returnByValue": True})
    client.detach()
    found: list[dict[str, Any]] = json.loads(answer["result"]["value"])
    return [f"{row['id']}: {[node['target'] for node in row['nodes']][:4]}" for row in found]


# WCAG 1.4.12, as a reader's own style would set it.
SPACING = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
p { margin-bottom: 2em !important }
"""


class Accessible(Story):
    @pytest.fixture(autouse=True)
    def _in_polish_again(self, _stage: None) -> Iterator[None]:
        """The language stays with the account, and other stories of hers are Polish."""
        self.foreign_speakers: list[list[dict[str, Any]]] = []
        yield
        for cookies in self.foreign_speakers:
            with self._visitor(cookies) as visitor:
                visitor.speak("pl")

    def given_a_screen(self, screen: str, scheme: str, language: str) -> Page:
        page = self.given_a_browser(screen=SCREENS[screen], color_scheme=scheme, reduced_motion="reduce")
        page.context.add_cookies([{"name": "klisza_language", "value": language, "url": self.portal.url}])
        return page

    def given_her_screen(
        self, cookies: list[dict[str, Any]], screen: str, scheme: str, language: str
    ) -> Page:
        """Of somebody who is signed in."""
        if language != "pl":
            self.foreign_speakers.append(cookies)
            with self._visitor(cookies) as visitor:
                visitor.speak(language)
        page = self.given_a_screen(screen, scheme, language)
        page.context.add_cookies(cookies)  # type: ignore[arg-type]
        return page

    @contextlib.contextmanager
    def _visitor(self, cookies: list[dict[str, Any]]) -> Iterator[Visitor]:
        with contextlib.closing(Visitor(self.portal)) as visitor:
            for cookie in cookies:
                visitor.http.cookies.set(cookie["name"], cookie["value"])
            yield visitor

    def then_nothing_is_wrong(self, state: str = "", *, reflows: bool = True) -> None:
        found = violations(self.page)
        assert not found, f"{state} {self.page.url}:\n" + "\n".join(found)
        if reflows:
            self.then_nothing_is_wider_than_the_screen()


class TestOpenPages(Accessible):
    @COMBINATIONS_WITH_DARK
    def test_axe_finds_nothing(self, screen: str, scheme: str, language: str) -> None:
        self.given_a_screen(screen, scheme, language)
        for name, path in OPEN_PAGES.items():
            self.when_opened(path)
            self.then_nothing_is_wrong(name)

    @COMBINATIONS
    def test_axe_finds_nothing_in_errors(self, screen: str, scheme: str, language: str) -> None:
        self.given_a_screen(screen, scheme, language)
        for path in ("/login/", "/login/forgotten/", "/login/forgotten-name/"):
            self.when_opened(path)
            self.page.evaluate(
                "document.querySelectorAll('main form').forEach(form => form.noValidate = true)"
            )
            self.page.locator("main form[method=post] button[type=submit]").first.click()
            expect(self.page.locator(".error-summary")).to_be_visible()
            self.then_nothing_is_wrong("error")


class TestFirstLoginPages(Accessible):
    @IN_POLISH
    def test_axe_finds_nothing_on_the_way(self, screen: str, scheme: str, language: str) -> None:
        self.given_a_new_patient()
        self.given_a_screen(screen, scheme, language)
        self.when_opened("/login/")
        self.when_the_password_is_entered()
        self.then_the_address_is("/login/code/")
        self.then_nothing_is_wrong("code")
        self.when_the_code_is_entered("0000" if self.the_code() != "0000" else "1111")
        self.then_nothing_is_wrong("wrong code")
        self.when_the_code_is_entered()
        self.then_the_address_is("/login/information/")
        self.then_nothing_is_wrong("clause")
        self.when_the_clause_is_accepted()
        self.then_nothing_is_wrong("own password")
        self.when_an_own_password_is_set("krótkie")
        self.then_nothing_is_wrong("refused password")
        self.when_an_own_password_is_set()
        self.then_the_address_is("/examinations/")
        self.then_nothing_is_wrong("empty list")


class TestPagesOfAPatient(Accessible):
    @COMBINATIONS
    @pytest.mark.parametrize("name", DATA_PAGES)
    def test_axe_finds_nothing(self, name: str, screen: str, scheme: str, language: str) -> None:
        self.given_a_patient_on(name, screen, scheme, language)
        self.then_nothing_is_wrong(name)

    def given_a_patient_on(self, name: str, screen: str, scheme: str, language: str) -> None:
        _, cookies = self._signed_in(*ANNA)
        with self._visitor(cookies) as visitor:
            address = pages_of(visitor)[name]
        self.given_her_screen(cookies, screen, scheme, language)
        self.when_opened(address)
        if name == "viewer":
            expect(self.page.locator("#viewport canvas").first).to_be_visible()

    @pytest.mark.parametrize("screen", ["320", "1280"])
    def test_axe_finds_nothing_in_open_menus(self, screen: str) -> None:
        opened: list[tuple[str, Callable[[], None]]] = [
            ("list", lambda: self.page.get_by_role("banner").get_by_text("Anna Kowalczyk").first.click()),
            ("examination", lambda: self.page.get_by_text("Akcje", exact=True).first.click()),
            ("viewer", lambda: self.page.locator("#more > summary").click()),
        ]
        for name, open_it in opened:
            self.given_a_patient_on(name, screen, "light", "pl")
            open_it()
            self.then_nothing_is_wrong(f"menu of {name}")


class TestPagesOfASurvey(Accessible, Surveys):
    @COMBINATIONS
    def test_axe_finds_nothing(self, screen: str, scheme: str, language: str) -> None:
        self.given_the_hospital_asks(OPTIONAL, takes_files=True)
        _, cookies = self._signed_in(*ANNA)
        self.given_her_screen(cookies, screen, scheme, language)
        for name, path in SURVEY_PAGES.items():
            self.when_opened(f"/surveys/{self.survey}/{path}")
            self.then_nothing_is_wrong(name)


class TestEveryStateOfAnExamination(Accessible):
    """Planned, held, corrected, withdrawn, CDA, SR and so on, as the hospital's messages make them."""

    @COMBINATIONS
    def test_axe_finds_nothing(self, screen: str, scheme: str, language: str) -> None:
        pages, cookies = fed(self.portal)
        self.given_her_screen(cookies, screen, scheme, language)
        for name in NAMES:
            self.when_opened(pages[name])
            assert self.page.locator("html").get_attribute("lang") == language
            self.then_nothing_is_wrong(name)

    def test_a_reader_may_space_the_text(self) -> None:
        """WCAG 1.4.12"""
        pages, cookies = fed(self.portal)
        self.given_her_screen(cookies, "320", "light", "pl")
        for name in ("many-states", "many-documents", "corrected", "cda", "held-visit", "long-name"):
            self.when_opened(pages[name])
            self.page.evaluate(
                "css => { const own = new CSSStyleSheet(); own.replaceSync(css);"
                " document.adoptedStyleSheets = [own]; }",
                SPACING,
            )
            self.then_nothing_is_wider_than_the_screen()
