"""A clinic builds a questionnaire without a mouse, asks a patient, reads what came back (B41, S41, N20)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from .browser import DESKTOP, PHONE
from .story import Story
from .test_axe import violations
from .visitor import Visitor, read_account_mail

CLERK = ("rejestracja@szpital.example", "+48600100190")
CLERKS_ROW = "(SELECT id FROM accounts_account WHERE email = 'rejestracja@szpital.example')"
SCREENS = pytest.mark.parametrize(
    "screen", [pytest.param(DESKTOP, id="pc"), pytest.param(PHONE, id="phone", marks=pytest.mark.long)]
)
ANSWERED = """
from klisza.base import clock
from klisza.blobs import services as blobs
from klisza.questionnaires.models import Completion, Flag, SurveyRequest
one = SurveyRequest.objects.latest("asked_at")
said = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [
    {"linkId": "q1", "answer": [{"valueBoolean": True}]}]}
done = Completion.objects.create(request=one, ending="delivered", completed_at=clock.now(), answers_version=1,
    response=said, pdf=blobs.save(blobs.put(b"%PDF-1.4 answers")))
Flag.objects.create(completion=done, link_id="q1", text="Rozrusznik serca", severity="danger")
SurveyRequest.objects.filter(pk=one.pk).update(state="answered")
"""


class TestAClinicAsksAPatient(Story):
    @pytest.fixture(autouse=True)
    def _colleague(self, _stage: None) -> Iterator[None]:
        """The clerk's sign-in with one role more."""
        self.portal.rows(f"INSERT INTO accounts_staffrole (account_id, role) VALUES ({CLERKS_ROW}, 'clinic')")
        with contextlib.closing(Visitor(self.portal, staff=True)) as visitor:
            visitor.sign_in(read_account_mail(self.portal, *CLERK))
            self.staff_cookies = visitor.cookies()
        yield
        self.portal.rows("DELETE FROM accounts_staffrole WHERE role = 'clinic'")

    def given_staff(self, screen: dict[str, int]) -> Page:
        page = self.given_a_browser(screen=screen)
        page.context.add_cookies(self.staff_cookies)  # type: ignore[arg-type]
        page.goto(self.portal.staff_url + "/staff/questionnaires/")
        return page

    def then_all_is_well(self, page: Page) -> None:
        assert not violations(page), page.url
        self.then_nothing_is_wider_than_the_screen()

    @SCREENS
    def test_from_an_empty_page_to_the_flag(self, screen: dict[str, int]) -> None:
        page = self.given_staff(screen)
        self.then_all_is_well(page)
        page.get_by_role("link", name="Nowa ankieta").press("Enter")
        page.get_by_label("Nazwa").fill("Serce")
        page.get_by_role("button", name="Zacznij").press("Enter")
        self.when_a_question_is_added(page, "tak lub nie", "Czy ma Pani/Pan rozrusznik serca?")
        page.get_by_text("Co widzi personel").press("Enter")
        page.get_by_label("Powiedz personelowi").first.fill("Rozrusznik serca")
        page.get_by_label("gdy odpowiedź brzmi").first.fill("tak")
        self.then_all_is_well(page)
        page.get_by_role("button", name="Zapisz").press("Enter")
        self.when_a_question_is_added(page, "krótki tekst", "Jaki model?")
        page.get_by_text("Kiedy jest zadawane").press("Enter")
        page.get_by_label("Tylko jeśli to pytanie").select_option(index=1)
        page.get_by_label("ta odpowiedź").first.fill("tak")
        page.get_by_role("button", name="Zapisz").press("Enter")
        expect(page.get_by_text("tylko jeśli 1 (Czy ma Pani/Pan rozrusznik serca?) = tak")).to_be_visible()
        self.then_all_is_well(page)
        page.get_by_role("link", name="Podgląd i odpowiedzi na próbę").press("Enter")
        expect(page.get_by_text("przy tych odpowiedziach pytanie nie jest zadawane")).to_be_visible()
        page.get_by_label("tak", exact=True).check()
        page.get_by_role("button", name="Wypróbuj te odpowiedzi").press("Enter")
        expect(page.get_by_text("zagrożenie Rozrusznik serca")).to_be_visible()
        self.then_all_is_well(page)
        page.get_by_role("link", name="Wróć do listy pytań").press("Enter")
        page.get_by_role("button", name="Opublikuj").press("Enter")
        expect(page.get_by_role("heading", name="Wersje")).to_be_visible()
        self.then_all_is_well(page)
        self.when_a_patient_is_asked(page)
        self.portal.klisza("shell", "-c", ANSWERED)
        page.goto(self.portal.staff_url + "/staff/surveys/")
        self.then_all_is_well(page)
        page.get_by_role("link", name="Anna Kowalczyk").first.press("Enter")
        expect(page.get_by_text("zagrożenie Rozrusznik serca")).to_be_visible()
        self.then_all_is_well(page)
        page.get_by_role("button", name="Zgłoszenia są mi znane").press("Enter")
        expect(page.get_by_text("zgłoszenie oznaczono jako widziane")).to_be_visible()

    @SCREENS
    def test_every_other_page_is_in_order(self, screen: dict[str, int]) -> None:
        """trust.md 7.1, 7.3: a template in the builder, and the lists."""
        page = self.given_staff(screen)
        page.get_by_role("link", name="Nowa ankieta").click()
        self.then_all_is_well(page)
        page.get_by_label("Nazwa").fill("Rezonans")
        page.get_by_label("Bezpieczeństwo rezonansu").check()
        page.get_by_role("button", name="Zacznij").click()
        self.then_all_is_well(page)
        page.get_by_role("link", name="Co z tej listy jest w Pani/Pana ciele?").click()
        self.then_all_is_well(page)
        page.get_by_role("link", name="Wróć do listy pytań").click()
        page.get_by_role("link", name="Podgląd i odpowiedzi na próbę").click()
        self.then_all_is_well(page)
        for path in (
            "questionnaires/import/",
            "surveys/sent/",
            "surveys/incomplete/",
            "surveys/ask/",
            "surveys/rules/",
        ):
            page.goto(f"{self.portal.staff_url}/staff/{path}")
            self.then_all_is_well(page)

    def when_a_question_is_added(self, page: Page, kind: str, text: str) -> None:
        page.get_by_label("Rodzaj").select_option(label=kind)
        page.get_by_label("Pytanie lub tekst").last.fill(text)
        page.get_by_role("button", name="Dodaj", exact=True).press("Enter")

    def when_a_patient_is_asked(self, page: Page) -> None:
        page.goto(self.portal.staff_url + "/staff/desk/")
        page.get_by_label("PESEL").fill("Kowalczyk 14.03.1958")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Anna Kowalczyk").first.press("Enter")
        page.get_by_role("link", name="Wyślij ankietę").press("Enter")
        self.then_all_is_well(page)
        page.get_by_label("Ankieta").select_option(label="Serce")
        page.get_by_role("button", name="Wyślij", exact=True).press("Enter")
        expect(page.get_by_text("Pacjent dostanie wiadomość z linkiem")).to_be_visible()
        self.then_all_is_well(page)
