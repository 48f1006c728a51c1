"""The Polish interface carries exactly the labels of the manual, each on its page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .sites import pages_of
from .story import Story
from .surveys import Surveys, form, question
from .visitor import Visitor

TABS = ["Moje badania", "Moje dokumenty", "Moje ankiety", "Moje udostępnienia"]
KINDS = ["MR", "TK", "MMG", "RTG", "USG", "biopsje gruboigłowe", "radiologia zabiegowa"]

OPEN = [("M0.2", "/", label) for label in KINDS] + [
    ("M0.6", "/instruction/", "Spis treści"),
    ("M0.6", "/instruction/", "PORTAL PACJENTA – INSTRUKCJA DLA PACJENTA"),
    ("M2.2", "/login/", "Nazwa użytkownika"),
    ("M2.2", "/login/", "Hasło"),
    ("M2.2", "/login/", "Logowanie"),
    ("M8.2", "/login/", "Nie pamiętasz swojego hasła?"),
    ("M8.4", "/login/", "Nie pamiętasz nazwy użytkownika?"),
]
SIGNED_IN = [("M2.8", "list", label) for label in TABS] + [
    ("M2.6", "list", "Moje badania"),
    ("M2.7", "list", "Opis dostępny"),
    ("M2.7", "list", "Obrazy dostępne"),
    ("M3.2", "examination", "Otwórz w przeglądarce obrazów"),
    ("M3.3", "examination", "Pobierz"),
    ("M3.3", "examination", "Drukuj"),
    ("M7.1", "examination", "Akcje"),
    ("M7.2", "share", "Udostępnij na zewnątrz"),
    ("M7.2", "share", "Udostępnij"),
    ("M3.3", "viewer", "Pobierz"),
    ("M3.3", "viewer", "Drukuj"),
    ("M3.4", "viewer", "Więcej opcji"),
    ("M3.4", "viewer", "Export DICOM"),
    ("M3.5", "download", "wraz z przeglądarką obrazów"),
    ("M4.1", "documents", "Moje dokumenty"),
    ("M4.1", "documents", "Opisy badań"),
    ("M4.1", "documents", "Od szpitala"),
    ("M4.1", "documents", "Moje"),
    ("M8.1", "list", "Zmień hasło"),
]


def _by_page(rows: list[tuple[str, str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Page -> (step of the manual, label): each page is opened once."""
    pages: dict[str, list[tuple[str, str]]] = {}
    for step, page, label in rows:
        pages.setdefault(page, []).append((step, label))
    return pages


class Labels(Story):
    def then_the_label_stands_there(self, page: Page, label: str, step: str = "") -> None:
        """As a text of its own or as the name of a control; case and letters exactly."""
        exact = re.compile(rf"^\s*{re.escape(label)}\s*$")
        found = page.get_by_text(exact).count() + page.get_by_label(exact).count()
        found += page.get_by_role("button", name=label, exact=True).count()
        found += page.get_by_role("link", name=label, exact=True).count()
        inside = page.locator("body").inner_text() if not found else ""
        assert found or re.search(rf"(?<!\w){re.escape(label)}(?!\w)", inside), (
            f"{step}: {page.url} has no {label!r}"
        )


class TestLabelsOfThePublicPages(Labels):
    @pytest.mark.parametrize(("path", "labels"), _by_page(OPEN).items(), ids=_by_page(OPEN))
    def test_the_labels_stand_on_their_page(self, path: str, labels: list[tuple[str, str]]) -> None:
        self.given_a_browser()
        self.when_opened(path)
        for step, label in labels:
            self.then_the_label_stands_there(self.page, label, step)


class TestLabelsOfThePatientsPages(Labels):
    @pytest.mark.parametrize(("name", "labels"), _by_page(SIGNED_IN).items(), ids=_by_page(SIGNED_IN))
    def test_the_labels_stand_on_their_page(self, name: str, labels: list[tuple[str, str]]) -> None:
        self.given_a_signed_in_patient()
        if name != "list":
            self.when_opened(self.address(name))
        if name == "viewer":
            expect(self.page.locator("#viewport canvas").first).to_be_visible()
        for step, label in labels:
            if label == "Zmień hasło":
                self.page.get_by_role("banner").get_by_text("Anna Kowalczyk").first.click()
            if label == "Export DICOM":
                self.page.get_by_text("Więcej opcji").first.click()
            self.then_the_label_stands_there(self.page, label, step)

    def address(self, name: str) -> str:
        visitor = Visitor(self.portal)
        for cookie in self.page.context.cookies():
            visitor.http.cookies.set(str(cookie["name"]), str(cookie["value"]))
        address = pages_of(visitor)[name]
        visitor.close()
        return address


class TestLabelsOfFirstLogin(Labels):
    """M2.3, M2.4"""

    def test_code_and_clause_pages(self) -> None:
        self.given_a_new_patient()
        self.given_a_browser()
        self.when_opened("/login/")
        self.when_the_password_is_entered()
        self.then_the_address_is("/login/code/")
        self.then_the_label_stands_there(self.page, "Kod nie przyszedł")
        self.when_the_code_is_entered()
        self.then_the_address_is("/login/information/")
        self.then_the_label_stands_there(self.page, "Akceptuję")
        self.then_the_label_stands_there(self.page, "Nie teraz")


class TestLabelsOfSurveys(Surveys, Labels):
    """M6.1 to M6.7"""

    def test_with_files_and_without(self) -> None:
        self.given_the_hospital_asks(
            form(question("well", "boolean", "Czy wszystko dobrze?"), title="Pliki"), takes_files=True
        )
        self.given_a_signed_in_patient()
        self.when_the_survey_is_opened()
        self.then_the_label_stands_there(self.page, "Dalej")
        self.when_opened(f"/surveys/{self.survey}/files/")
        for label in (
            "Wybierz pliki",
            "Wybierz folder",
            "Rozpocznij przesyłanie",
            "Dostarcz bez przesyłania",
        ):
            expect(self.page.get_by_role("button", name=label, exact=True)).to_be_visible()
        self.given_the_hospital_asks(
            form(question("well", "boolean", "Czy wszystko dobrze?"), title="Bez plików")
        )
        self.when_opened(f"/surveys/{self.survey}/summary/")
        expect(self.page.get_by_role("button", name="Dostarcz", exact=True)).to_be_visible()
