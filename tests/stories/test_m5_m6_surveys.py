"""Manual, chapter 5 and M6.1 to M6.3: the hospital asks, the patient answers from the sofa."""

from __future__ import annotations

import re
import threading
from typing import Any

import httpx
from playwright.sync_api import expect

from klisza.standards.questionnaire.extensions import FHIR, SDC

from .browser import DESKTOP, PHONE
from .story import ANNA
from .surveys import Surveys, form, question
from .test_axe import violations

BMI = {
    "url": SDC + "sdc-questionnaire-calculatedExpression",
    "valueExpression": {
        "language": "text/fhirpath",
        "expression": "(%resource.item.item.where(linkId='kg').answer.value"
        " / (%resource.item.item.where(linkId='cm').answer.value.power(2) / 10000)).round(1)",
    },
}


def unit(text: str) -> dict[str, Any]:
    return {"url": FHIR + "questionnaire-unit", "valueCoding": {"code": text}}


def options(*texts: str) -> list[dict[str, Any]]:
    return [{"valueCoding": {"code": f"o{number}", "display": text}} for number, text in enumerate(texts)]


SAFETY = form(
    {"linkId": "g1", "type": "group", "text": "Implanty", "item": [
        question("pacemaker", "boolean", "Czy jest rozrusznik serca?", required=True),
        question("model", "string", "Jaki to model?", required=True,
                 enableWhen=[{"question": "pacemaker", "operator": "=", "answerBoolean": True}]),
        question("date", "date", "Kiedy go wszczepiono?",
                 enableWhen=[{"question": "pacemaker", "operator": "=", "answerBoolean": True}]),
    ]},
    {"linkId": "g2", "type": "group", "text": "O Pani/Panu", "item": [
        question("kg", "decimal", "Waga", required=True, extension=[unit("kg")]),
        question("cm", "decimal", "Wzrost", extension=[unit("cm")]),
        question("bmi", "decimal", "BMI", extension=[BMI]),
        question("allergies", "choice", "Uczulenia", repeats=True, answerOption=options("jod", "gadolin", "lateks")),
        {"linkId": "drug", "type": "group", "text": "Lek", "repeats": True, "item": [question("name", "string", "Nazwa")]},
    ]},
    title="Ankieta przed rezonansem",
)  # fmt: skip
SHORT = form(question("well", "boolean", "Czy wszystko dobrze?", required=True), title="Krótka ankieta")


class TestTheHospitalAsks(Surveys):
    def test_from_the_mail_to_the_delivered_answers(self) -> None:
        """M5.1 to M5.5, M6.1, M6.2, without files: Dostarcz on the summary."""
        self.given_the_hospital_asks(SAFETY, message="Prosimy o odpowiedź przed badaniem.")
        link = self.then_the_link_is_in_the_mail()
        self.given_a_signed_in_patient(screen=DESKTOP)
        self.page.goto(link)
        self.then_the_address_is(f"/surveys/{self.survey}/pages/1/")
        expect(self.page.get_by_text("Prosimy o odpowiedź przed badaniem.")).to_be_visible()
        assert violations(self.page) == []

        expect(self.page.get_by_label("Jaki to model?")).to_be_hidden()
        self.when_chosen("Czy jest rozrusznik serca?", "Tak")
        expect(self.page.get_by_label("Jaki to model?")).to_be_visible()
        self.when_going_on()
        summary = self.page.locator(".error-summary")
        summary.get_by_role("link", name=re.compile("Jaki to model")).click()
        expect(self.page.get_by_label("Jaki to model?")).to_be_focused()
        assert violations(self.page) == []
        self.page.get_by_label("Jaki to model?").fill("Vitatron")
        self.page.get_by_label("Rok", exact=True).fill("2019")
        self.then_it_was_kept()
        self.when_going_on()

        self.then_the_address_is(f"/surveys/{self.survey}/pages/2/")
        self.page.get_by_label("Waga").fill("81")
        self.page.get_by_label("Wzrost").fill("180")
        expect(self.page.locator("output")).to_have_text("25")
        self.page.get_by_label("jod").check()
        self.page.get_by_role("button", name=re.compile("Dodaj kolejny wpis")).click()
        expect(self.page.get_by_role("group", name="Lek – 2")).to_be_visible()
        self.page.get_by_role("group", name="Lek – 2").get_by_label("Nazwa").fill("Metformina")
        self.when_going_on()

        self.then_the_heading_is("Podsumowanie")
        for words in ("Vitatron", "2019", "81 kg", "jod", "Metformina"):
            expect(self.page.get_by_text(words, exact=True)).to_be_visible()
        assert violations(self.page) == []
        self.page.get_by_role("button", name="Dostarcz", exact=True).click()
        expect(self.page.get_by_text("Odpowiedzi są już w szpitalu")).to_be_visible()
        assert violations(self.page) == []
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name="Pobierz moje odpowiedzi (PDF)").click()
        assert download.value.path().read_bytes().startswith(b"%PDF-1.7")
        self.when_opened("/surveys/")
        row = self.page.get_by_role("listitem").filter(has=self.page.locator(f"a[href*='{self.survey}']"))
        expect(row).to_contain_text("wysłana")

    def test_begun_on_the_phone_and_finished_elsewhere(self) -> None:
        """N20: every answer kept, two devices never overwrite each other unnoticed."""
        self.given_the_hospital_asks(SAFETY)
        self.given_a_signed_in_patient(screen=PHONE)
        phone = self.page
        phone.goto(f"{self.portal.url}/surveys/")
        expect(phone.get_by_role("navigation", name="Portal").get_by_text("otwarte:")).to_have_count(1)
        phone.locator(f"a.button[href*='{self.survey}']").click()
        self.when_chosen("Czy jest rozrusznik serca?", "Nie")
        self.then_it_was_kept()
        self.when_going_on()
        phone.get_by_label("Waga").fill("70")
        self.then_it_was_kept(phone)
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for control in phone.locator("main .button:visible, main .input:visible, main .choice:visible").all():
            box = control.bounding_box()
            assert box is None or box["height"] >= 44, control.text_content()
        assert phone.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0

        self.given_a_signed_in_patient(screen=DESKTOP)
        computer = self.page
        self.when_the_survey_is_opened()
        self.then_the_address_is(f"/surveys/{self.survey}/pages/2/")
        expect(computer.get_by_label("Waga")).to_have_value("70")
        phone.get_by_label("Waga").fill("71")
        phone.get_by_label("Waga").blur()
        self.then_it_was_kept(phone)
        computer.get_by_label("Waga").fill("75")
        computer.get_by_label("Waga").blur()
        expect(computer.get_by_text("zmieniona na innym urządzeniu. Tam jest: 71 kg")).to_be_visible()
        computer.get_by_label("Waga").fill("76")
        keep = computer.get_by_role("button", name=re.compile("Zostaw moją odpowiedź ?: Waga"))
        keep.focus()
        computer.keyboard.press("Enter")
        expect(
            computer.get_by_text("Zapisana jest odpowiedź z tego urządzenia: Waga – 76 kg.")
        ).to_be_visible()
        expect(computer.get_by_label("Waga")).to_have_value("76")
        phone.get_by_label("Waga").fill("71,5")
        phone.get_by_label("Waga").blur()
        phone.get_by_role("button", name=re.compile("Weź odpowiedź z drugiego urządzenia ?: Waga")).click()
        expect(phone.get_by_label("Waga")).to_have_value("76")

    def test_it_works_without_scripts(self) -> None:
        """Branching at Dalej, the same as with the script."""
        self.given_the_hospital_asks(SAFETY)
        self.given_a_signed_in_patient(screen=PHONE, java_script_enabled=False)
        self.when_the_survey_is_opened()
        self.when_chosen("Czy jest rozrusznik serca?", "Tak")
        self.when_going_on()
        expect(self.page.get_by_text("pojawiły się kolejne pytania")).to_be_visible()
        self.page.get_by_label("Jaki to model?").fill("Vitatron")
        self.when_going_on()
        self.page.get_by_label("Waga").fill("81")
        self.page.get_by_label("Wzrost").fill("180")
        self.page.get_by_role("button", name="Wstecz").click()
        expect(self.page.get_by_label("Jaki to model?")).to_have_value("Vitatron")
        self.when_going_on()
        expect(self.page.locator("output")).to_have_text("25")
        self.when_going_on()
        self.page.get_by_role("button", name="Dostarcz", exact=True).click()
        expect(self.page.get_by_text("Odpowiedzi są już w szpitalu")).to_be_visible()


class TestTheTwoEndings(Surveys):
    def test_without_files_is_a_statement(self) -> None:
        """M6.2, M6.3, M6.7: the warning stands beside, and no third button."""
        self.given_the_hospital_asks(SHORT, takes_files=True)
        self.given_a_signed_in_patient(screen=PHONE)
        self.when_the_survey_is_opened()
        self.when_chosen("Czy wszystko dobrze?", "Tak")
        self.when_going_on()
        self.then_the_heading_is("Podsumowanie")
        expect(self.page.get_by_role("button", name="Dostarcz")).to_have_count(0)
        self.page.get_by_role("link", name="Dalej", exact=True).click()
        self.then_the_heading_is("Dokumenty i obrazy")
        expect(
            self.page.get_by_text("WAŻNE: Rozpoczęcie przesyłania załączonych plików skutkuje")
        ).to_be_visible()
        expect(self.page.locator("button[name=ending]")).to_have_text(
            ["Rozpocznij przesyłanie", "Dostarcz bez przesyłania"]
        )
        assert violations(self.page) == []
        self.page.get_by_role("button", name="Dostarcz bez przesyłania").click()
        expect(self.page.get_by_text("Złożono oświadczenie: bez dokumentów i obrazów.")).to_be_visible()
        self.page.go_back()
        self.when_the_survey_is_opened()
        expect(self.page.locator("button[name=ending]")).to_have_count(0)

    def test_pressed_twice_at_once_it_ends_once(self) -> None:
        """R57: two real requests at the same moment, one set."""
        self.given_the_hospital_asks(SHORT)
        self.given_a_signed_in_patient(screen=DESKTOP)
        self.when_the_survey_is_opened()
        self.when_chosen("Czy wszystko dobrze?", "Nie")
        self.when_going_on()
        self.then_the_heading_is("Podsumowanie")
        token = self.page.locator("main [name=csrfmiddlewaretoken]").get_attribute("value")
        seen = self.page.locator("[name=seen]").get_attribute("value")
        data = {"csrfmiddlewaretoken": token, "seen": seen, "ending": "deliver"}
        start, answers = threading.Barrier(2), []
        headers = {"Accept": "application/json", "Referer": self.portal.url + "/"}

        def press(http: httpx.Client) -> None:
            start.wait()
            answers.append(http.post(f"/surveys/{self.survey}/complete/", data=data, headers=headers))

        both = [self.visitor_of(self.page).http for _ in range(2)]
        threads = [threading.Thread(target=press, args=[http]) for http in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for http in both:
            http.close()
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert any(answer.json().get("already") for answer in answers)
        done = "SELECT count(*) FROM questionnaires_completion WHERE request_id = ?"
        assert self.portal.rows(done, self.survey.replace("-", "")) == [(1,)]

    def test_a_link_for_somebody_else_shows_nothing(self) -> None:
        """S43: a clear message, no data."""
        self.given_the_hospital_asks(SHORT)
        link = self.then_the_link_is_in_the_mail(ANNA[0])
        other = self.given_a_new_patient()
        page = self.given_a_signed_in_patient(other.email, other.mobile)
        page.goto(link)
        expect(page.get_by_role("heading", level=1)).not_to_have_text("Krótka ankieta")
        assert "Krótka ankieta" not in page.content()
        page.goto(f"{self.portal.url}/surveys/{self.survey}/")
        assert "Krótka ankieta" not in page.content()
