"""From the registration desk to the corrected report, told by the hospital's messages alone (product.md S66, S67)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

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
NO_MEDICINE = re.compile(r"\b(TK|CT|klatki|piersiow\w*|Żółć|ACC-777|płuc\w*)\b", re.IGNORECASE)


class Tale:
    """What the steps share; each test is one sentence and builds on the one before."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.line = Line(portal.hl7)
        self.visitor = Visitor(portal)

    def hospital_says(self, message: bytes) -> None:
        assert answer_of(self.line.send(message)) == "AA"

    def notices(self) -> list[str]:
        bodies = [mail.get_body(("plain",)) for mail in self.portal.mails(EMAIL)]
        texts = [str(body.get_content()) for body in bodies if body]
        return [text for text in texts if "Hasło tymczasowe" not in text]

    def list_says(self, *, seconds: float = 30, **words: bool) -> str:
        """The list, once it says every word that is True and none that is False."""

        def look() -> str:
            text = self.visitor.open("/examinations/").text
            return (
                text if all((word.replace("_", " ") in text) is told for word, told in words.items()) else ""
            )

        return self.portal.wait_for(look, seconds=seconds, what=f"the list with {words}")


@pytest.fixture(scope="module")
def tale(portal: Portal) -> Iterator[Tale]:
    told = Tale(portal)
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
        assert person.user_name

    def test_2_she_signs_in_and_sees_nothing_yet(self, tale: Tale) -> None:
        person = read_account_mail(tale.portal, EMAIL, MOBILE)
        tale.visitor.sign_in(person)
        assert tale.visitor.open("/examinations/").status_code == 200

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
        assert "Obrazy dostępne" not in tale.visitor.open("/examinations/").text
        assert tale.notices() == []

    def test_4_the_images_arrive(self, tale: Tale) -> None:
        send_study(
            tale.portal.dicom, patient_id=HER.mrn, name="Żółć^Świętosława", birth=HER.birth, study=STUDY,
            accession=ACCESSION, StudyDate=PERFORMED.strftime("%Y%m%d"), StudyTime=PERFORMED.strftime("%H%M%S"),
        )  # fmt: skip
        tale.list_says(Obrazy_dostępne=True, Opis_dostępny=False)
        tale.portal.wait_for(lambda: len(tale.notices()) == 1, what="the notice of the images")

    def test_5_a_preliminary_report_shows_nothing(self, tale: Tale) -> None:
        tale.hospital_says(self._report("P", NOW - timedelta(hours=4), "Wstępnie: do weryfikacji."))
        assert "Opis dostępny" not in tale.visitor.open("/examinations/").text

    def test_6_the_report_arrives(self, tale: Tale) -> None:
        tale.hospital_says(self._report("F", NOW - timedelta(hours=3), "Płuca bez zmian ogniskowych."))
        page = tale.list_says(Opis_dostępny=True)
        tale.portal.wait_for(lambda: len(tale.notices()) == 2, what="the notice of the report")
        detail = re.search(r"/examinations/[0-9a-f-]{36}/", page)
        assert detail
        text = tale.visitor.open(detail.group()).text
        assert "Płuca bez zmian ogniskowych." in text
        assert "Wstępnie" not in text

    def test_7_the_corrected_report_replaces_it(self, tale: Tale) -> None:
        correction = self._report("C", NOW - timedelta(hours=1), "Płuca: zmiana 4 mm w segmencie 6.")
        tale.hospital_says(correction)
        tale.portal.wait_for(lambda: len(tale.notices()) == 3, what="the notice of the correction")
        page = tale.visitor.open("/examinations/").text
        detail = re.search(r"/examinations/[0-9a-f-]{36}/", page)
        assert detail
        assert "zmiana 4 mm" in tale.visitor.open(detail.group()).text

    def test_8_saying_it_all_again_changes_nothing(self, tale: Tale) -> None:
        """R62, L6: a late preliminary and the same correction again: no other text, no other mail."""
        tale.hospital_says(self._report("P", NOW - timedelta(hours=4), "Wstępnie: do weryfikacji."))
        tale.hospital_says(self._report("C", NOW - timedelta(hours=1), "Płuca: zmiana 4 mm w segmencie 6."))
        page = tale.visitor.open("/examinations/").text
        detail = re.search(r"/examinations/[0-9a-f-]{36}/", page)
        assert detail
        text = tale.visitor.open(detail.group()).text
        assert "zmiana 4 mm" in text
        assert "Wstępnie" not in text
        assert len(tale.notices()) == 3

    def test_9_no_notice_told_anything_medical(self, tale: Tale) -> None:
        """R65"""
        person = read_account_mail(tale.portal, EMAIL, MOBILE)
        for text in tale.notices():
            assert not NO_MEDICINE.search(text)
            assert person.user_name in text

    def _report(self, status: str, at: datetime, text: str) -> bytes:
        return messages.report(
            HER, at, number=NUMBER, accession=ACCESSION, performed=PERFORMED, status=status, paragraphs=[text]
        )
