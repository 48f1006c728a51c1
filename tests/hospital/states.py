"""One patient whose examinations stand in every state there is, told by the hospital's own messages and images.

Pages are walked with her: her name and the names of her examinations are as long as real ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydicom import Dataset
from pydicom.uid import generate_uid

from tests.gateways.door import send
from tests.gateways.objects import dataset, note
from tests.portal import ROOT, Portal
from tests.standards.test_sr import CONTENT
from tests.standards.test_sr import report as structured

from . import messages
from .messages import Subject
from .mllp import Line, answer_of
from .pacs import send_study

EMAIL, MOBILE = "aleksandra@poczta.example", "+48600100955"
HER = Subject(
    "STATES-1", family="Brzęczyszczykiewicz-Konstantynowska", given="Aleksandra", birth="19520714",
    email=EMAIL, mobile=MOBILE,
)  # fmt: skip
REPORTS = ROOT / "klisza" / "operations" / "demo" / "data" / "reports"
CDA = Path(__file__).parents[1] / "data" / "documents" / "opis-cda.xml"
FIRST = "Płuca bez zmian ogniskowych. Węzły chłonne śródpiersia niepowiększone."
SECOND = "W segmencie 6 płuca prawego guzek o średnicy 4 mm. Zalecana kontrola za 12 miesięcy."
RULES: list[dict[str, str | int]] = [
    {"ward_code": "DNI", "report": "days", "report_days": 30},
    {"ward_code": "WIZYTA", "report": "visit", "images": "visit"},
    {"ward_code": "LEKARZ", "report": "clinician", "images": "report"},
    {"ward_code": "OSOBIŚCIE", "report": "never"},
]
WARD = {
    "name": "Poradnia Chorób Klatki Piersiowej i Gruźlicy",
    "telephone": "+48 22 000 00 11",
    "next_step_pl": "Lekarz omówi wynik na najbliższej wizycie.\nJeśli wizyta nie jest umówiona, prosimy o telefon.",
    "next_step_en": "The doctor will talk to you about the result at your next visit.",
    "next_step_uk": "Лікар обговорить результат на найближчому візиті.",
}
SETTING = """
import json, sys
from klisza.audit.actor import SYSTEM
from klisza.examinations import services
given = json.loads(sys.stdin.read())
services.save_release_rules(rules=given["rules"], by=SYSTEM)
for ward in given["wards"]:
    services.save_ward(values=ward, by=SYSTEM)
for code, name in given["names"].items():
    services.save_procedure_name(values={"code": code, "name_pl": name}, by=SYSTEM)
"""


@dataclass(frozen=True)
class Told:
    """One examination. title: how the order names it, so that it can be found in the list; days: ago.

    report: statuses of the versions one after the other, each with its text, a = an addendum; cda, pdf: the
    last one's document.
    """

    title: str
    days: int
    ward: str = "PORAD"
    order: str = "CM"
    images: bool = True
    report: str = ""
    cda: bool = False
    pdf: str = ""


STATES = {
    "planned": Told("TK planowana za tydzień", -7, order="SC", images=False),
    "cancelled": Told("TK odwołana", -6, order="CA", images=False),
    "performed": Told("TK wykonana wczoraj", 1, images=False),
    "images": Told("TK sama bez opisu", 2),
    "preliminary": Told("TK z opisem wstępnym", 3, report="P"),
    "text": Told("TK opisana tekstem", 4, report="F"),
    "corrected": Told("TK z opisem poprawionym", 5, report="FC"),
    "withdrawn": Told("TK z opisem wycofanym", 6, report="FX"),
    "addendum": Told("TK z uzupełnieniem", 7, report="Fa"),
    "cda": Told("TK z opisem elektronicznym", 8, report="F", cda=True),
    "pdf": Told("TK z opisem w dokumencie", 9, report="F", pdf="TK-2026-11804.pdf"),
    "structured": Told("TK opisana w aparacie", 10),
    "no-images": Told("TK z innego ośrodka, sama konsultacja", 11, images=False, report="F"),
    "held-days": Told("TK udostępniana po trzydziestu dniach", 12, ward="DNI", report="F"),
    "held-visit": Told("TK omawiana na wizycie", 13, ward="WIZYTA", report="F"),
    "held-doctor": Told("TK omawiana przez lekarza", 14, ward="LEKARZ", report="F"),
    "held-never": Told("TK omawiana osobiście", 15, ward="OSOBIŚCIE", report="F"),
    "images-withdrawn": Told("TK z wycofanymi obrazami", 16, report="F"),
    "with-document": Told("TK z dokumentem szpitala", 17, report="F"),
    "long-name": Told(
        "TK_KLATKI_PIERSIOWEJ_Z_KONTRASTEM_PROTOKÓŁ_NISKODAWKOWY_PRZESIEWOWY_RAKA_PŁUCA", 18, report="F"
    ),
}  # fmt: skip


def code_of(name: str) -> str:
    """The procedure code; staff have given each a name for patients."""
    return "ST" + name.upper()


class Teller:
    """The hospital's machines, telling all of it."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.now = datetime.now(UTC).replace(microsecond=0, tzinfo=None) + timedelta(hours=1)
        self.today = self.now.replace(hour=0, minute=0, second=0)

    def tell(self) -> None:
        """Returns when everything has been taken over; what a job makes of it may follow a little later."""
        wards = [WARD | {"code": code} for code in ("PORAD", *(str(rule["ward_code"]) for rule in RULES))]
        self._configure(wards)
        with Line(self.portal.hl7, seconds=120) as line:
            self.line = line
            self._say(messages.admission("A28", HER, self.now - timedelta(days=40)))
            for number, (name, told) in enumerate(STATES.items(), 1):
                self._tell_one(name, told, f"9{number:02}")
            letter = (REPORTS / "MR-2025-04410.pdf").read_bytes()
            at = self.now - timedelta(days=2)
            self._say(messages.document(HER, at, number="DOC-901", pdf=letter))

    def _configure(self, wards: list[dict[str, str]]) -> None:
        names = {code_of(name): told.title for name, told in STATES.items()}
        given = {"rules": RULES, "wards": wards, "names": names}
        self.portal.klisza("shell", "-c", SETTING, input=json.dumps(given))

    def _say(self, message: bytes) -> None:
        assert answer_of(self.line.send(message)) == "AA"

    def _tell_one(self, name: str, told: Told, number: str) -> None:
        performed = self.today - timedelta(days=told.days) + timedelta(hours=9)
        study, code = generate_uid(), f"{code_of(name)}^{told.title}^RIS-PROC"
        accession = f"ST-{number}"
        order = messages.order(
            HER, performed - timedelta(days=9), number=number, accession=accession, planned=performed,
            study=study, code=code, state=told.order, ward=told.ward,
            control="CA" if told.order == "CA" else "NW",
        )  # fmt: skip
        self._say(order)
        if told.images:
            self._send_images(study, accession, performed, name)
        for hours, status in enumerate(told.report, 2):
            last = hours == len(told.report) + 1
            self._say(messages.report(
                HER, performed + timedelta(hours=hours), number=number, accession=accession, code=code,
                performed=performed, status="F" if status == "a" else status,
                observation="A" if status == "a" else "",
                paragraphs=[] if (told.cda or told.pdf) else [SECOND if status in "Ca" else FIRST],
                cda=CDA.read_bytes() if told.cda and last else b"",
                pdf=(REPORTS / told.pdf).read_bytes() if told.pdf and last else b"",
            ))  # fmt: skip
        if name == "with-document":
            scan = (REPORTS / "RTG-2026-20917.pdf").read_bytes()
            at = performed + timedelta(days=1)
            self._say(messages.document(HER, at, number="DOC-902", pdf=scan, filler=number))

    def _send_images(self, study: str, accession: str, performed: datetime, name: str) -> None:
        about = {"StudyDate": performed.strftime("%Y%m%d"), "StudyTime": performed.strftime("%H%M%S")}
        sent = send_study(
            self.portal.dicom, patient_id=HER.mrn, name=f"{HER.family}^{HER.given}", birth=HER.birth,
            study=study, accession=accession, images=1, **about,
        )  # fmt: skip
        if name == "structured":
            self._send(structured(*CONTENT), study, accession, about)
        if name == "images-withdrawn":
            # The rejection must find the study shown first, or nothing is withdrawn.
            self.withdrawn = (study, sent)

    def _send(self, made: Dataset, study: str, accession: str, about: dict[str, str]) -> None:
        more = {
            "PatientID": HER.mrn, "IssuerOfPatientID": "SZP01", "PatientName": f"{HER.family}^{HER.given}",
            "PatientBirthDate": HER.birth, "StudyInstanceUID": study, "SeriesInstanceUID": generate_uid(),
            "AccessionNumber": accession, "Modality": "SR", **about,
        }  # fmt: skip
        for keyword, value in more.items():
            setattr(made, keyword, value)
        assert send(self.portal.dicom, made) == 0

    def reject_images(self) -> None:
        """The PACS takes back the images that the patient could see."""
        study, sent = self.withdrawn
        named = [dataset(StudyInstanceUID=study, SOPInstanceUID=uid, PatientID=HER.mrn) for uid in sent]
        assert send(self.portal.dicom, note("113001", *named, IssuerOfPatientID="SZP01")) == 0
