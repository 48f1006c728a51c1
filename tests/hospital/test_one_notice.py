"""L10: whatever the machines send of one examination within the notice window is one message to the patient.

Through the real doors: the images by five associations, the report as PDF and SR by DICOM and again as ORU.
The window is short by setting; the images pause longer than a study needs to settle.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import generate_uid

from tests.gateways.door import associate, c_store, send
from tests.gateways.objects import dataset, encode
from tests.portal import ROOT, Portal, running
from tests.standards.test_sr import CONTENT
from tests.standards.test_sr import report as structured

from . import messages
from .messages import Subject
from .mllp import Line, answer_of

ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
SETTLE_SECONDS = 2
ASSOCIATIONS = 5
EMAIL = "jedna@poczta.example"
HER = Subject("L10-1", email=EMAIL, mobile="+48600100710")
BODY = (ROOT / "klisza" / "operations" / "demo" / "data" / "reports" / "TK-2026-11804.pdf").read_bytes()
CORRECTED = BODY + b"\n% corrected\n"
WAITING = """
from klisza.examinations.models import NoticeIntent
print("WAITING", NoticeIntent.objects.filter(sent_at=None).count())
"""


class Machines:
    """One examination, sent by modality, PACS and RIS."""

    def __init__(self, portal: Portal, images: int) -> None:
        self.portal, self.study, self.accession = portal, generate_uid(), "L10-ACC"
        self.now = datetime.now(UTC).replace(microsecond=0, tzinfo=None) + timedelta(hours=1)
        self.performed = self.now - timedelta(hours=5)
        series = generate_uid()
        self.images = [
            dataset(**self._about("CT", series), SOPInstanceUID=generate_uid(), InstanceNumber=number)
            for number in range(1, images + 1)
        ]
        self.others = [self._pdf(), self._of_study(structured(*CONTENT), "SR")]
        self.reported = [self._report("F", 3, BODY)]

    def send_images(self, *, pause: float = SETTLE_SECONDS + 2) -> None:
        """In five associations with pauses, so that the study settles and is opened again."""
        for part in range(ASSOCIATIONS):
            association = associate(self.portal.dicom)
            assert association.is_established
            for made in self.images[part::ASSOCIATIONS]:
                done = c_store(
                    association, encode(made), sop_class=made.SOPClassUID, sop_instance=made.SOPInstanceUID
                )
                assert done == 0
            association.release()
            time.sleep(pause)

    def send_others(self) -> None:
        for made in self.others:
            assert send(self.portal.dicom, made) == 0

    def send_reports(self) -> None:
        for message in self.reported:
            self.say(message)

    def correct(self) -> None:
        self.reported.append(self._report("C", 4, CORRECTED))
        self.say(self.reported[-1])

    def repeat_the_correction(self) -> None:
        """The same words in a message of its own."""
        self.say(self._report("C", 4, CORRECTED))

    def say(self, message: bytes) -> None:
        with Line(self.portal.hl7, seconds=60) as line:
            assert answer_of(line.send(message)) == "AA"

    def _report(self, status: str, hours: int, pdf: bytes) -> bytes:
        return messages.report(
            HER, self.performed + timedelta(hours=hours), number="L10", accession=self.accession,
            performed=self.performed, status=status, pdf=pdf,
        )  # fmt: skip

    def _about(self, modality: str, series: str) -> dict[str, object]:
        return {
            "PatientID": HER.mrn, "IssuerOfPatientID": "SZP01", "PatientName": f"{HER.family}^{HER.given}",
            "PatientBirthDate": HER.birth, "StudyInstanceUID": self.study, "SeriesInstanceUID": series,
            "AccessionNumber": self.accession, "Modality": modality, "SpecificCharacterSet": "ISO_IR 192",
            "StudyDate": self.performed.strftime("%Y%m%d"), "StudyTime": self.performed.strftime("%H%M%S"),
        }  # fmt: skip

    def _of_study(self, made: Dataset, modality: str) -> Dataset:
        for keyword, value in self._about(modality, generate_uid()).items():
            setattr(made, keyword, value)
        return made

    def _pdf(self) -> Dataset:
        made = Dataset()
        made.SOPClassUID, made.SOPInstanceUID = ENCAPSULATED_PDF, generate_uid()
        made.MIMETypeOfEncapsulatedDocument, made.DocumentTitle = "application/pdf", "Opis badania"
        made.EncapsulatedDocument = BODY + b"\0" * (len(BODY) % 2)
        made.EncapsulatedDocumentLength = len(BODY)
        return self._of_study(made, "DOC")


def _window(folder: Path, minutes: int) -> Iterator[Portal]:
    with running(
        folder, KLISZA_NOTICE_WINDOW_MINUTES=str(minutes), KLISZA_SETTLE_SECONDS=str(SETTLE_SECONDS)
    ) as portal:
        yield portal


@pytest.fixture(scope="module")
def a_minute(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    yield from _window(tmp_path_factory.mktemp("minute"), 1)


@pytest.fixture(scope="module")
def five_minutes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    yield from _window(tmp_path_factory.mktemp("minutes"), 5)


def notices(portal: Portal) -> list[str]:
    bodies = [mail.get_body(("plain",)) for mail in portal.mails(EMAIL)]
    texts = [str(body.get_content()) for body in bodies if body]
    return [text for text in texts if "Hasło tymczasowe" not in text]


def waiting(portal: Portal) -> int:
    """What is still to be told, once the worker has seen everything."""
    return int(portal.klisza("shell", "-c", WAITING).stdout.rpartition("WAITING")[2])


def _check(portal: Portal, images: int, window: float) -> None:
    machines = Machines(portal, images)
    machines.say(messages.admission("A28", HER, machines.now - timedelta(days=1)))
    machines.send_images()
    machines.send_others()
    machines.send_reports()
    assert notices(portal) == []  # the window is still open
    portal.wait_for(lambda: notices(portal), seconds=window + 60, what="the notice")
    time.sleep(2 * SETTLE_SECONDS)
    assert (len(notices(portal)), waiting(portal)) == (1, 0)
    assert "dostępne jest badanie lub jego wynik" in notices(portal)[0]

    machines.correct()
    portal.wait_for(lambda: len(notices(portal)) == 2, seconds=window + 60, what="the second notice")
    assert "zmieniło się" in notices(portal)[1]

    machines.send_images(pause=0)
    machines.send_others()
    machines.send_reports()
    machines.repeat_the_correction()
    time.sleep(3 * SETTLE_SECONDS)
    assert (len(notices(portal)), waiting(portal)) == (2, 0)


class TestOneExaminationIsOneNotice:
    def test_sixty_images_and_three_reports(self, a_minute: Portal) -> None:
        _check(a_minute, 60, 60)

    @pytest.mark.long
    def test_fifteen_hundred_images(self, five_minutes: Portal) -> None:
        _check(five_minutes, 1500, 300)
