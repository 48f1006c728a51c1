"""R11-R14 with the input of each row: messages of a hospital, two web servers of four processes, the staff's door."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydicom.uid import generate_uid

from klisza.base import ids
from tests.hospital import messages
from tests.hospital.messages import Subject
from tests.hospital.mllp import Line, answer_of
from tests.hospital.pacs import send_study
from tests.stories.visitor import OWN_PASSWORD, Person, Visitor, read_account_mail

from .farm import Browser, Farm
from .live import FRESH, reset_link

NOW = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
SHARED = "dom@poczta.example"
EWA = Subject("EWA-1", family="Nowak", given="Ewa", email=SHARED, mobile="+48600100201")
JAN = Subject("JAN-1", family="Nowak", given="Jan", sex="M", email=SHARED, mobile="+48600100202")


def says(farm: Farm, message: bytes) -> None:
    with contextlib.closing(Line(farm.portal.hl7)) as line:
        assert answer_of(line.send(message)) == "AA"


def texts_of(farm: Farm, address: str) -> list[str]:
    mails = farm.portal.mails(address)
    return [str(mail.get_body(("plain",)).get_content()) for mail in mails]  # type: ignore[union-attr]


def signed_in(farm: Farm, person: Person, *, door: int = 0) -> Browser:
    """A browser of its own address, after the visitor's whole first login at the given server."""
    visitor = Visitor(farm.portal)
    visitor.sign_in(person)
    browser = Browser(farm.doors[door], farm.address())  # for the whole module
    for cookie in visitor.http.cookies.jar:
        browser.http.cookies.set(cookie.name, cookie.value or "", domain="127.0.0.1")
    visitor.close()
    return browser


def temporary(text: str) -> tuple[str, str]:
    found = re.search(r"Nazwa użytkownika:\s*(\S+)\s+.*?Hasło tymczasowe:\s*(\S+)", text, re.DOTALL)
    assert found, text
    return found.group(1), found.group(2)


@pytest.fixture(scope="module")
def household(farm: Farm) -> dict[str, Person]:
    """R12: the ADT of B has the e-mail of A. By mobile number: who got which account."""
    for subject in (EWA, JAN):
        says(farm, messages.admission("A28", subject, NOW - timedelta(days=2)))

    def both() -> list[str]:
        return [text for text in texts_of(farm, SHARED) if "Hasło tymczasowe" in text]

    farm.portal.wait_for(lambda: len(both()) == 2, what="two mails")
    found = {}
    for name, password in map(temporary, both()):
        mobile = farm.value("SELECT mobile FROM accounts_account WHERE user_name = ?", name)
        found[mobile] = Person(SHARED, mobile, name, password)
    return found


@pytest.fixture(scope="module")
def ewa(household: dict[str, Person], farm: Farm) -> Iterator[Browser]:
    browser = signed_in(farm, household[EWA.mobile])
    yield browser
    browser.http.close()


@pytest.fixture(scope="module")
def jan(household: dict[str, Person], farm: Farm) -> Iterator[Browser]:
    browser = signed_in(farm, household[JAN.mobile], door=1)
    yield browser
    browser.http.close()


@pytest.fixture(scope="module")
def examination(farm: Farm, household: dict[str, Person]) -> tuple[str, str]:
    """(id, StudyInstanceUID) of the one Ewa has."""
    study = generate_uid()
    send_study(
        farm.portal.dicom, patient_id=EWA.mrn, name="Nowak^Ewa", birth=EWA.birth, study=study,
        accession="ACC-R11", StudyDate=NOW.strftime("%Y%m%d"), StudyTime="080000",
    )  # fmt: skip
    rows = farm.portal.wait_for(
        lambda: farm.rows("SELECT id FROM examinations_examination WHERE images = 'available'"),
        seconds=60, what="the examination",
    )  # fmt: skip
    return str(rows[0][0]), study


def test_known_uid_of_another_is_an_unknown_one_r11(
    farm: Farm, ewa: Browser, jan: Browser, examination: tuple[str, str]
) -> None:
    """GET with the id and with the StudyInstanceUID of another's: 404, the page of a random one, to the byte."""
    number, uid = examination
    dashed = number if "-" in number else "-".join(re.findall("(.{8})(.{4})(.{4})(.{4})(.{12})", number)[0])
    assert ewa.get(f"/examinations/{dashed}/").status_code == 200
    for path in ("/examinations/{}/", "/viewer/{}/", "/examinations/{}/download/"):
        answers = [jan.get(path.format(one)) for one in (dashed, str(ids.new_id()), uid, generate_uid())]
        assert {answer.status_code for answer in answers} == {404}
        pages = {re.sub(r'name="(csrfmiddlewaretoken|next)" value="[^"]*"', "", one.text) for one in answers}
        assert len({re.sub(r"[0-9a-f-]{36}|[0-9.]{20,}", "", page) for page in pages}) == 1, path


def test_shared_address_makes_two_accounts_r12(
    farm: Farm, household: dict[str, Person], ewa: Browser, jan: Browser
) -> None:
    """Two user names; each sees the own data only; a reset for one never opens the other."""
    assert set(household) == {EWA.mobile, JAN.mobile}
    names = {mobile: person.user_name for mobile, person in household.items()}
    assert names[EWA.mobile] != names[JAN.mobile]
    assert "Ewa Nowak" in ewa.get("/account/contact/").text
    assert "Ewa Nowak" not in jan.get("/account/contact/").text
    for text in texts_of(farm, SHARED):
        assert ("Ewa" in text, "Jan" in text) == (False, False)
    before = farm.value("SELECT password FROM accounts_account WHERE user_name = ?", names[JAN.mobile])
    farm.browser().post("/login/forgotten/", user_name=names[EWA.mobile])
    address = reset_link(farm, {"email": SHARED})
    browser = farm.browser(door=1)
    browser.get(address)
    seen = len(farm.portal.texts(EWA.mobile)), len(farm.portal.texts(JAN.mobile))
    browser.post("/login/reset/")
    code = farm.code({"mobile": EWA.mobile}, number=seen[0] + 1)
    assert len(farm.portal.texts(JAN.mobile)) == seen[1]
    browser.enter(code)
    assert browser.post("/login/reset/", new_password=FRESH, new_password_again=FRESH).status_code == 302
    assert "Ewa Nowak" in browser.get("/account/contact/").text
    assert before == farm.value(
        "SELECT password FROM accounts_account WHERE user_name = ?", names[JAN.mobile]
    )
    assert jan.is_inside()


def test_new_phone_by_a08_takes_nothing_over_r13(farm: Farm) -> None:
    """A08 with a new phone: mail to the old address, nothing to the new number; after the desk's change has
    taken effect, a forgotten password asks for support.
    """
    iga = Subject("IGA-1", family="Lis", given="Iga", email="iga@poczta.example", mobile="+48600100203")
    says(farm, messages.admission("A28", iga, NOW - timedelta(days=2)))
    person = read_account_mail(farm.portal, iga.email, iga.mobile)
    signed_in(farm, person).http.close()
    mails = len(farm.mails({"email": iga.email}))
    moved = Subject("IGA-1", family="Lis", given="Iga", email=iga.email, mobile="+48600100204")
    says(farm, messages.admission("A08", moved, NOW - timedelta(days=1)))
    farm.portal.wait_for(
        lambda: len(farm.mails({"email": iga.email})) > mails, what="the mail to the old address"
    )
    mobile = "SELECT mobile FROM accounts_account WHERE user_name = ?"
    assert farm.value(mobile, person.user_name) == iga.mobile
    assert farm.portal.texts("+48600100204") == []
    asked = farm.run("ask_move", person.user_name, "+48600100204")
    texts = farm.portal.wait_for(lambda: farm.portal.texts("+48600100204"), what="the code to the new number")
    code = re.search(r"\b\d{4,6}\b", texts[-1]["text"])
    assert code
    farm.run("confirm_move", asked["change"], code.group())
    assert farm.value(mobile, person.user_name) == "+48600100204"
    mails = len(farm.mails({"email": iga.email}))
    farm.browser().post("/login/forgotten/", user_name=person.user_name)
    farm.portal.wait_for(lambda: len(farm.mails({"email": iga.email})) > mails, what="the answer")
    text = texts_of(farm, iga.email)[-1]
    assert "/login/reset/" not in text
    assert "+48 22 000 00 00" in text


def staff(farm: Farm, name: str, role: str, number: str) -> Visitor:
    made = farm.portal.klisza("staff", "create", name, "--role", role, "--mobile", number)
    password = re.search(r"Temporary password: (\S+)", made.stdout)
    assert password
    visitor = Visitor(farm.portal, staff=True)
    visitor.sign_in(Person("", number, name, password.group(1)), own_password=OWN_PASSWORD + " " + name)
    return visitor


def test_clerk_needs_role_and_reason_r14(farm: Farm, jan: Browser, household: dict[str, Person]) -> None:
    """A clerk without that role GETs the studies -> 403; the patient's view without a reason -> 400; with one -> audit and the
    patient's own log.
    """
    patient = farm.value(
        "SELECT p.id FROM patients_patient p JOIN accounts_account a ON p.account_id = a.id"
        " WHERE a.user_name = ?",
        household[JAN.mobile].user_name,
    )
    number = str(patient)
    dashed = number if "-" in number else "-".join(re.findall("(.{8})(.{4})(.{4})(.{4})(.{12})", number)[0])
    with contextlib.closing(staff(farm, "ola", "privacy", "+48600100292")) as clerk:
        assert clerk.http.get("/staff/studies/").status_code == 403
    with contextlib.closing(staff(farm, "anna", "registration", "+48600100291")) as clerk:
        page = clerk.open(f"/staff/patients/{dashed}/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token
        path = f"/staff/patients/{dashed}/examinations/"
        fields = {"csrfmiddlewaretoken": token.group(1)}
        assert clerk.http.post(path, data=fields, headers=clerk.origin()).status_code == 400
        why = fields | {"reason": "telefon pacjenta"}
        assert clerk.http.post(path, data=why, headers=clerk.origin()).status_code == 200
    noted = farm.value(
        "SELECT count(*) FROM audit_auditevent WHERE action = 'list.viewed' AND reason = 'telefon pacjenta'"
    )
    assert noted == 1
    log = jan.get("/account/access-log/").text
    assert "telefon pacjenta" in log
