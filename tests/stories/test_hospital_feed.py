"""From the registration desk to the corrected report, told by the hospital's messages alone (product.md S66, S67)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest
from pydicom.uid import generate_uid

from tests.hospital import messages
from tests.hospital.messages import Subject
from tests.hospital.mllp import Line, answer_of
from tests.hospital.pacs import send_study
from tests.portal import Portal

from .visitor import Visitor, read_account_mail

NOW = datetime.now(UTC).replace(microsecond=0, tzinfo=None) + timedelta(
    hours=1
)  # on the clocks of the messages
EMAIL, MOBILE = "swietoslawa@poczta.example", "+48600100777"
HER = Subject("STORY-777", email=EMAIL, mobile=MOBILE)
ACCESSION, NUMBER, STUDY = "ACC-777", "777", generate_uid()
PERFORMED = NOW - timedelta(hours=5)
REPORTED, CORRECTED = NOW - timedelta(hours=3), NOW - timedelta(hours=1)
FIRST, SECOND = "Płuca bez zmian ogniskowych.", "Płuca: zmiana 4 mm w segmencie 6."
NO_MEDICINE = re.compile(
    r"\b(TK|CT|tomogra\w*|klatki|piersiow\w*|Żółć|Święt\w+|STORY-777|ACC-777|płuc\w*|zmiana|Nowak"
    r"|[0-9a-f-]{36}|[0-9.]{20,})\b",
    re.IGNORECASE,
)
AVAILABLE = "dostępne jest badanie lub jego wynik"
CHANGED = "zmieniło się coś w badaniu, które już tam było"


def shown(at: datetime, form: str = "%d.%m.%Y") -> str:
    """As a Polish page writes a moment of the messages, which say +0100 all the year."""
    return (
        at.replace(tzinfo=timezone(timedelta(hours=1))).astimezone(ZoneInfo("Europe/Warsaw")).strftime(form)
    )


class Tale:
    """What the steps share; each test is one sentence and builds on the one before."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.line = Line(portal.hl7)
        self.visitor = Visitor(portal)

    def hospital_says(self, message: bytes) -> None:
        assert answer_of(self.line.send(message)) == "AA"

    def notices(self) -> list[str]:
        """Subject and text, without the mail of the account."""
        return [text for text in map(_whole, self.portal.mails(EMAIL)) if "Hasło tymczasowe" not in text]

    def detail(self) -> str:
        """The page of her one examination."""
        found = re.findall(r"/examinations/[0-9a-f-]{36}/", self.visitor.open("/examinations/").text)
        (address,) = set(found)
        return self.visitor.open(address).text

    def list_says(self, *, seconds: float = 90, **words: bool) -> str:
        """The list, once it says every word that is True and none that is False."""

        def look() -> str:
            text = self.visitor.open("/examinations/").text
            return (
                text if all((word.replace("_", " ") in text) is told for word, told in words.items()) else ""
            )

        return self.portal.wait_for(look, seconds=seconds, what=f"the list with {words}")


def _whole(mail: EmailMessage) -> str:
    """Everything a reader of the mail sees, as text and as HTML."""
    parts = [mail.get_body((kind,)) for kind in ("plain", "html")]
    return "\n".join([str(mail["Subject"]), *(str(part.get_content()) for part in parts if part)])


@pytest.fixture(scope="module")
def tale(demo_portal: Portal) -> Iterator[Tale]:
    """The demo shows planned examinations, too."""
    told = Tale(demo_portal)
    with contextlib.closing(told.line), contextlib.closing(told.visitor):
        yield told


class TestTheHospitalFeedsThePortal:
    def test_1_registration_adds_the_email(self, tale: Tale) -> None:
        """First the patient without contact: no account. Then the e-mail and the mobile number: one account."""
        known = Subject(HER.mrn)
        tale.hospital_says(messages.admission("A28", known, NOW - timedelta(days=2)))
        assert tale.portal.mails(EMAIL) == []
        tale.hospital_says(messages.admission("A31", HER, NOW - timedelta(days=1)))
        person = read_account_mail(tale.portal, EMAIL, MOBILE)
        (mail,) = tale.portal.mails(EMAIL)
        assert mail["Subject"] == "Portal Pacjenta: Twoje konto"
        assert person.user_name in _whole(mail)
        assert f"{tale.portal.url}/login/" in _whole(mail)
        assert HER.family not in _whole(mail)

    def test_2_she_signs_in_and_sees_nothing_yet(self, tale: Tale) -> None:
        person = read_account_mail(tale.portal, EMAIL, MOBILE)
        page = tale.visitor.sign_in(person).text
        assert "Świętosława Żółć" in page
        assert "Nie ma jeszcze badań" in page
        assert "Nie ma jeszcze dokumentów" in tale.visitor.open("/documents/").text

    def test_3_an_examination_is_planned(self, tale: Tale) -> None:
        tale.hospital_says(
            messages.order(
                HER,
                NOW - timedelta(hours=8),
                number=NUMBER,
                accession=ACCESSION,
                planned=PERFORMED,
                study=STUDY,
            )
        )
        page = tale.list_says(Zaplanowane=True, Obrazy_dostępne=False, Opis_dostępny=False)
        assert shown(PERFORMED) in page
        assert "Po badaniu pojawią się tu obrazy i opis." in tale.detail()
        assert "Otwórz w przeglądarce" not in tale.detail()
        assert tale.notices() == []

    def test_4_the_images_arrive(self, tale: Tale) -> None:
        send_study(
            tale.portal.dicom, patient_id=HER.mrn, name="Żółć^Świętosława", birth=HER.birth, study=STUDY,
            accession=ACCESSION, StudyDate=PERFORMED.strftime("%Y%m%d"), StudyTime=PERFORMED.strftime("%H%M%S"),
        )  # fmt: skip
        page = tale.list_says(Obrazy_dostępne=True, Opis_dostępny=False, Zaplanowane=False)
        assert "Obrazy już są; opis w przygotowaniu" in page
        # Before she looks: whoever has seen it is not told.
        tale.portal.wait_for(lambda: len(tale.notices()) == 1, seconds=60, what="the notice of the images")
        assert AVAILABLE in tale.notices()[0]
        assert "Otwórz w przeglądarce obrazów" in tale.detail()
        assert "Opisu jeszcze nie ma" in tale.detail()

    def test_5_a_preliminary_report_shows_nothing(self, tale: Tale) -> None:
        tale.hospital_says(self._report("P", NOW - timedelta(hours=4), "Wstępnie: do weryfikacji."))
        assert "Opis dostępny" not in tale.visitor.open("/examinations/").text
        assert "Wstępnie" not in tale.detail()
        assert "Opisu jeszcze nie ma" in tale.detail()
        assert len(tale.notices()) == 1

    def test_6_the_report_arrives(self, tale: Tale) -> None:
        tale.hospital_says(self._report("F", REPORTED, FIRST))
        page = tale.list_says(Opis_dostępny=True)
        assert "Opis i obrazy są gotowe" in page
        tale.portal.wait_for(lambda: len(tale.notices()) == 2, seconds=60, what="the notice of the report")
        assert AVAILABLE in tale.notices()[1]
        text = tale.detail()
        for words in (FIRST, "dr n. med. Jan Nowak", f"Opis z dnia {shown(REPORTED)}", "Pobierz", "Drukuj"):
            assert words in text
        assert "Wstępnie" not in text
        assert "Opis badania" in tale.visitor.open("/documents/").text

    def test_7_the_corrected_report_replaces_it(self, tale: Tale) -> None:
        """S25, R62: the list and the page say that it was corrected; what she could read before stays within reach."""
        tale.hospital_says(self._report("C", CORRECTED, SECOND))
        tale.portal.wait_for(
            lambda: len(tale.notices()) == 3, seconds=60, what="the notice of the correction"
        )
        assert CHANGED in tale.notices()[2]
        assert "Opis został poprawiony; obowiązuje nowa wersja" in tale.visitor.open("/examinations/").text
        text = tale.detail()
        assert SECOND in text
        assert FIRST not in text
        assert f"poprawiony dnia {shown(CORRECTED)}" in text

    def test_8_the_earlier_version_can_still_be_read(self, tale: Tale) -> None:
        """Marked as what no longer counts."""
        link = r'href="([^"]+/reports/[0-9a-f-]{36}/)">Wersja z ' + shown(REPORTED, "%d.%m.%Y, %H:%M")
        earlier = re.search(link, tale.detail())
        assert earlier
        page = tale.visitor.open(earlier.group(1)).text
        assert FIRST in page
        assert SECOND not in page
        assert "To wcześniejsza wersja. Już nie obowiązuje" in page

    def test_9_saying_it_all_again_changes_nothing(self, tale: Tale) -> None:
        """R62, L6: a late preliminary and the same correction again: no other text, no other mail."""
        tale.hospital_says(self._report("P", NOW - timedelta(hours=4), "Wstępnie: do weryfikacji."))
        tale.hospital_says(self._report("C", CORRECTED, SECOND))
        text = tale.detail()
        assert SECOND in text
        assert "Wstępnie" not in text
        assert "Wcześniejsza wersja tego opisu" in text
        assert len(tale.notices()) == 3

    def test_10_no_notice_told_anything_medical(self, tale: Tale) -> None:
        """R65: neither its subject nor its text nor its HTML; each names the account and the way in."""
        person = read_account_mail(tale.portal, EMAIL, MOBILE)
        for text in tale.notices():
            assert not NO_MEDICINE.search(text)
            assert person.user_name in text
            assert f"{tale.portal.url}/examinations/" in text

    def _report(self, status: str, at: datetime, text: str) -> bytes:
        return messages.report(
            HER, at, number=NUMBER, accession=ACCESSION, performed=PERFORMED, status=status, paragraphs=[text]
        )
