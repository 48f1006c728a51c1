"""A mother looks after her child's examinations until the 18th birthday (N11, R66); a new phone number (N17)."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from pydicom.uid import generate_uid

from tests.hospital import messages
from tests.hospital.messages import Subject
from tests.hospital.mllp import Line, answer_of
from tests.hospital.pacs import send_study
from tests.portal import Portal

from . import markup
from .browser import DESKTOP, NARROW, PHONE
from .sites import FRESH_PAGES
from .story import Story
from .test_axe import violations
from .visitor import Person, Visitor, newest_code, read_account_mail

NOW = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
CLERK = ("rejestracja@szpital.example", "+48600100190")
CARER = ("piotr.kaminski@poczta.example", "+48600100104")
MOTHER = ("mama@poczta.example", "+48600100881")
CHILD = Subject("CHILD-881", family="Bączek", given="Staś", birth="20150601", sex="M")
PERFORMED = NOW - timedelta(days=1)
NK1 = b"NK1|1|B\xc4\x85czek^Maria|MTH^Mother||^PRN^CP^^48^600^100881~^NET^Internet^mama@poczta.example\r"


def says(portal: Portal, message: bytes) -> None:
    with contextlib.closing(Line(portal.hl7)) as line:
        assert answer_of(line.send(message)) == "AA"


def staff(portal: Portal) -> Visitor:
    visitor = Visitor(portal, staff=True)
    visitor.sign_in(read_account_mail(portal, *CLERK))
    return visitor


@pytest.fixture(scope="module")
def told(demo_portal: Portal) -> dict[str, str]:
    """The child is registered, its mother named by NK1, and a study is there."""
    admitted = messages.admission("A28", CHILD, NOW - timedelta(days=2))
    says(demo_portal, admitted.replace(b"\rPV1|", b"\r" + NK1 + b"PV1|"))
    send_study(
        demo_portal.dicom, patient_id=CHILD.mrn, name="Bączek^Staś", birth=CHILD.birth, study=generate_uid(),
        accession="ACC-881", StudyDate=PERFORMED.strftime("%Y%m%d"), StudyTime="101500",
    )  # fmt: skip
    return {}


class TestACarerForAChild(Story):
    """Steps of one tale: each builds on the one before."""

    def test_1_the_proposal_alone_gives_nothing(self, told: dict[str, str]) -> None:
        assert self.portal.mails(MOTHER[0]) == []
        with contextlib.closing(staff(self.portal)) as clerk:
            assert "Maria Bączek" in clerk.open("/staff/carers/").text

    def test_2_the_desk_sees_the_document_and_enters_her(self, told: dict[str, str]) -> None:
        with contextlib.closing(staff(self.portal)) as clerk:
            text = clerk.open("/staff/carers/").text
            link = re.search(r"/staff/patients/[0-9a-f-]{36}/carers/\?proposal=[0-9a-f-]{36}", text)
            assert link
            page = clerk.open(link.group())
            assert MOTHER[0] in page.text
            refused = clerk.submit(page, kind="guardian", scope="all", document="", reference="")
            assert refused.status_code == 400
            page = clerk.submit(
                clerk.open(link.group()),
                kind="guardian",
                scope="all",
                document="birth certificate",
                reference="1234",
            )
            assert "Opiekun jest wpisany" in page.text
            assert "Maria Bączek" not in clerk.open("/staff/carers/").text
        assert read_account_mail(self.portal, *MOTHER).user_name

    def test_3_she_signs_in_and_sees_the_child(self, told: dict[str, str]) -> None:
        self.given_the_mother_is_signed_in()
        self.then_the_page_says("Staś Bączek")
        self.portal.wait_for(self._has_examination, seconds=60, what="the examination in the list")
        self.page.locator("main .row-title a").first.click()
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        told["detail"] = urlsplit(self.page.url).path
        self.then_the_page_says("Staś Bączek")
        self.then_nothing_is_wider_than_the_screen()

    def test_4_every_page_says_for_whom(self, told: dict[str, str]) -> None:
        self.given_the_mother_is_signed_in()
        viewer = told["detail"].replace("/examinations/", "/viewer/")
        for path in ("/documents/", "/account/contact/", told["detail"], told["detail"] + "download/"):
            self.when_opened(path)
            expect(self.page.locator(".acting")).to_contain_text("Staś Bączek")
            self.then_nothing_is_wider_than_the_screen()
        self.when_opened(viewer)
        expect(self.page).to_have_title(re.compile(r"."))
        assert "Staś Bączek" in self.page.content()

    def test_5_the_page_of_choice_names_the_child(self, told: dict[str, str]) -> None:
        self.given_the_mother_is_signed_in()
        self.when_opened("/account/acting/")
        self.then_the_heading_is("Czyje dane pokazać?")
        expect(self.page.locator("main")).to_contain_text("Staś Bączek")
        self.then_nothing_is_wider_than_the_screen()

    def test_6_the_18th_birthday_ends_it(self, told: dict[str, str]) -> None:
        """R66: the day is moved, not the clock: the hospital corrects the birth date to eighteen years ago."""
        self.given_the_mother_is_signed_in()
        self.when_opened(told["detail"])
        expect(self.page.locator(".acting")).to_contain_text("Staś Bączek")
        today = date.today()
        born = today.replace(year=today.year - 18, day=min(today.day, 28)).strftime("%Y%m%d")
        grown = Subject(CHILD.mrn, family=CHILD.family, given=CHILD.given, birth=born, sex="M")
        says(self.portal, messages.admission("A31", grown, datetime.now(UTC).replace(tzinfo=None, microsecond=0)
                                             + timedelta(hours=2)))  # fmt: skip
        answer = self.page.goto(self.portal.url + told["detail"])
        assert answer
        assert answer.status == 404
        for path in ("/examinations/", "/documents/"):
            self.when_opened(path)
            expect(self.page.locator("body")).not_to_contain_text("Staś")

    def given_the_mother_is_signed_in(self) -> None:
        self.given_a_signed_in_patient(*MOTHER, screen=PHONE)

    def _has_examination(self) -> bool:
        self.page.reload()
        return self.page.locator("main .row-title a").count() > 0


class Lending(Story):
    def given_a_patient_who_made_a_code(self) -> str:
        person = self.given_a_new_patient(given="Halina", family="Dawna")
        self.patient = Visitor(self.portal)
        self.patient.sign_in(person)
        page = self.patient.open("/account/carers/new/")
        form = next(one for one in markup.read(page.text).forms if "carer_name" in one.fields)
        data = form.fields | {"carer_name": "Sąsiad Piotr", "scope": "all"}
        answer = self.patient.http.post("/account/carers/new/", data=data, headers=self.patient.origin())
        found = re.search(r"<strong>([A-Z0-9]{5}-[A-Z0-9]{5})</strong>", answer.text)
        assert found
        return found.group(1)


class TestAPatientLetsSomebodyIn(Lending):
    """Given by the patient, with a code; taken up, switched by keyboard, ended."""

    def test_from_the_code_to_the_end(self) -> None:
        code = self.given_a_patient_who_made_a_code()
        self.given_a_signed_in_patient(*CARER, screen=PHONE)
        self.when_opened("/account/acting/")
        self.page.get_by_label("Otrzymany kod").fill(code)
        self.page.keyboard.press("Enter")
        self.then_the_page_says("Halina Dawna")
        self.when_switched_by_keyboard()
        self.then_the_address_is("/examinations/")
        expect(self.page.locator(".acting")).to_contain_text("Halina Dawna")
        self.then_nothing_is_wider_than_the_screen()
        self.when_the_patient_ends_it()
        self.when_opened("/examinations/")
        self.then_the_heading_is("Czyje dane pokazać?")
        expect(self.page.locator("main")).not_to_contain_text("Halina")
        expect(self.page.locator(".acting")).to_contain_text("Nie można już działać")
        self.page.get_by_role("button", name="Pokaż moje dane").click()
        expect(self.page.locator("main .row-title a").first).to_be_visible()

    def when_switched_by_keyboard(self) -> None:
        for _ in range(60):
            self.page.keyboard.press("Tab")
            if "Halina" in self.page.evaluate("document.activeElement.textContent") and self.page.evaluate(
                "document.activeElement.tagName === 'BUTTON'"
            ):
                self.page.keyboard.press("Enter")
                return
        raise AssertionError("no button of hers is reached with Tab")

    def when_the_patient_ends_it(self) -> None:
        with contextlib.closing(self.patient):
            page = self.patient.open("/account/carers/")
            assert "Sąsiad Piotr" in page.text
            found = re.search(r'action="(/account/carers/[0-9a-f-]{36}/end/)"', page.text)
            assert found
            form = next(one for one in markup.read(page.text).forms if one.action == found.group(1))
            self.patient.http.post(found.group(1), data=form.fields, headers=self.patient.origin())


class TestAnExaminationIsKeptFromCarers(Lending):
    """R66: by the person's own page; the carer does not learn that it exists."""

    def test_kept_and_shown_again(self) -> None:
        code = self.given_a_patient_who_made_a_code()
        send_study(
            self.portal.dicom, patient_id=self.person.mrn, name="Dawna^Halina", birth="19600229", issuer="local",
            study=generate_uid(), accession=f"KEPT-{self.person.mrn}", StudyDate=PERFORMED.strftime("%Y%m%d"),
            StudyTime="101500",
        )  # fmt: skip
        examination = self.portal.wait_for(self._her_examination, seconds=60, what="the examination")
        with contextlib.closing(self.given_a_carer_who_took(code)) as carer:
            assert carer.open(examination).status_code == 200
            self.given_a_browser(screen=PHONE)
            self.page.context.add_cookies(self.patient.cookies())  # type: ignore[arg-type]
            self.when_opened(examination)
            assert violations(self.page) == []
            self.page.get_by_role("button", name="Nie pokazuj im").press("Enter")
            self.then_the_page_says("Zapisano.")
            self.then_nothing_is_wider_than_the_screen()
            assert violations(self.page) == []
            assert carer.open(examination).status_code == 404
            assert examination not in carer.open("/examinations/").text
            self.page.get_by_role("button", name="Pokaż im znowu").press("Enter")
            self.then_the_page_says("Zapisano.")
            assert carer.open(examination).status_code == 200
        self.patient.close()

    def given_a_carer_who_took(self, code: str) -> Visitor:
        """Somebody without data of the own besides hers would act at once; this one chooses."""
        carer = Visitor(self.portal)
        carer.sign_in(read_account_mail(self.portal, *CARER))
        page = carer.submit(carer.open("/account/acting/"), code=code)
        found = re.search(r'Halina Dawna.*?name="grant" value="([0-9a-f-]{36})"', page.text, re.DOTALL)
        assert found, page.text
        token = markup.read(page.text).forms[0].fields["csrfmiddlewaretoken"]
        data = {"csrfmiddlewaretoken": token, "grant": found.group(1)}
        answer = carer.http.post("/account/acting/for/", data=data, headers=carer.origin())
        assert answer.headers["location"] == "/examinations/"
        return carer

    def _her_examination(self) -> str:
        found = re.search(r"/examinations/[0-9a-f-]{36}/", self.patient.open("/examinations/").text)
        return found.group() if found else ""


class TestPagesOfTheseStories(Story):
    """Axe, one heading, nothing wider than the screen (trust.md 7)."""

    def test_axe_finds_nothing(self) -> None:
        person = self.given_a_new_patient(given="Lidia", family="Sprawdzona")
        with contextlib.closing(Visitor(self.portal)) as visitor:
            visitor.sign_in(person)
            cookies = visitor.cookies()
        for screen, scheme in ((NARROW, "light"), (DESKTOP, "dark")):
            self.given_a_browser(screen=screen, color_scheme=scheme, reduced_motion="reduce")
            self.page.context.add_cookies(cookies)  # type: ignore[arg-type]
            for path in (*FRESH_PAGES.values(), "/account/contact/", "/account/carers/", "/account/acting/"):
                self.when_opened(path)
                self.then_the_address_is(path)
                expect(self.page.get_by_role("heading", level=1)).to_have_count(1)
                assert violations(self.page) == [], path
                self.then_nothing_is_wider_than_the_screen()


class TestANewTelephone(Story):
    """N17: the new one is verified, the old one is told; a forgotten password then asks for support (R13)."""

    def test_the_new_number_replaces_the_old_one(self) -> None:
        person = self.given_a_new_patient(given="Irena", family="Nowa")
        visitor = Visitor(self.portal)
        visitor.sign_in(person)
        page = self.given_a_browser(screen=PHONE)
        page.context.add_cookies(visitor.cookies())  # type: ignore[arg-type]
        visitor.close()
        self.when_opened("/account/contact/")
        page.get_by_role("link", name=re.compile("Zmień.*numer")).click()
        self.then_the_heading_is("Nowy telefon komórkowy")
        self.then_nothing_is_wider_than_the_screen()
        new = "+48600199" + person.mobile[-3:]
        page.get_by_label("Nowy telefon komórkowy").fill(new)
        page.keyboard.press("Enter")
        self.then_the_heading_is("Kod z nowego numeru")
        page.get_by_label("Kod", exact=True).fill(newest_code(self.portal, new, after=0))
        page.keyboard.press("Enter")
        self.then_the_address_is("/account/contact/")
        self.then_the_page_says(f"*** *** {new[-3:]}")
        self._then_the_old_number_was_told(person)
        self._then_a_forgotten_password_asks_for_support(person)

    def _then_the_old_number_was_told(self, person: Person) -> None:
        self.portal.wait_for(
            lambda: any("inny numer" in text["text"] for text in self.portal.texts(person.mobile)),
            what="the text message to the old number",
        )

    def _then_a_forgotten_password_asks_for_support(self, person: Person) -> None:
        with contextlib.closing(Visitor(self.portal)) as visitor:
            visitor.submit(visitor.open("/login/forgotten/"), user_name=person.user_name)

        def bodies() -> list[str]:
            mails = [mail.get_body(("plain",)) for mail in self.portal.mails(person.email)]
            return [str(body.get_content()) for body in mails if body]

        self.portal.wait_for(
            lambda: any("Dane kontaktowe konta zmieniono" in text for text in bodies()), what="the mail"
        )
        assert not any("/login/reset/" in text for text in bodies())
