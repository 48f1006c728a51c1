"""ORU^R01 from its bytes to what the patient reads (hospital-integration.md 2.5, R62)."""

from __future__ import annotations

import base64
from datetime import date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from klisza.base import clock
from klisza.blobs import services as blobs
from klisza.examinations import queries
from klisza.examinations.models import Breach, Examination, NoticeIntent, Report, ReportVersion
from klisza.gateways.hl7v2 import router
from klisza.gateways.models import InboundMessage, WorkItem
from klisza.patients.models import Patient, PatientIdentifier
from tests.accounts.people import sign_in
from tests.examinations.given import a_patient, pdf, viewer
from tests.hospital import messages
from tests.hospital.messages import Subject

pytestmark = pytest.mark.django_db
COMPOSED = Path(__file__).parent.parent / "data" / "hl7" / "composed"
CDA = Path(__file__).parent.parent / "data" / "documents" / "opis-cda.xml"
HER = Subject("H5-1", given="Anna", family="Kowalczyk", birth="19580321")
DAY = datetime(2026, 11, 20, 8, 0)
TEXT = "18782-3^Radiology Study observation^LN"


def receive(raw: bytes) -> InboundMessage:
    message = InboundMessage.objects.create(received_at=clock.now(), raw=raw, size=len(raw), digest="")
    router.process(message)
    message.refresh_from_db()
    return message


def known(mrn: str = HER.mrn, issuer: str = "SZP01", **fields: Any) -> Patient:
    patient = a_patient(**fields)
    PatientIdentifier.objects.create(patient=patient, issuer=issuer, value=mrn)
    return patient


def swietoslawa(**fields: Any) -> Patient:
    named = {"family_name": "Żółć-Gęślą", "given_name": "Świętosława", "birth_date": date(1960, 2, 29)}
    return known("000123", "1.2.3.4.5", **{**named, **fields})


def composed(name: str) -> bytes:
    return (COMPOSED / f"{name}.hl7").read_bytes()


def said(minutes: int, status: str = "F", text: str = "Płuca bez zmian.", **fields: Any) -> bytes:
    values = {"number": "1", "accession": "A1", "performed": DAY, "paragraphs": [text] if text else []}
    return messages.report(HER, DAY + timedelta(minutes=60 + minutes), status=status, **{**values, **fields})


def with_obx(*obx: str, status: str = "F", minutes: int = 0) -> bytes:
    """obx: OBX-2 and what follows."""
    rows = "".join(f"OBX|{number}|{one}\r" for number, one in enumerate(obx, 1))
    return said(minutes, status, "") + rows.encode()


def texts() -> list[Any]:
    """What the patient may read of the only examination: status and first paragraph, supplements, history."""
    return [
        [(one.version.status, queries.text_of(one.version)) for one in (*shown.counting, *shown.history)]
        for shown in queries.shown_reports(Examination.objects.get())
    ]


def state() -> tuple[Any, ...]:
    """Everything that arrival must not change."""
    examination = Examination.objects.get()
    rows = ReportVersion.objects.order_by("stated_at", "control_id", "status")
    versions = [
        (one.status, one.stated_at, one.control_id, one.digest, one.repeats, one.is_wrong_patient)
        for one in rows.select_related("document")
    ]
    return (examination.report, examination.state, examination.performed_at, texts(), versions)


def work() -> set[str]:
    return set(WorkItem.objects.filter(done_at=None).values_list("kind", flat=True))


# One life of a report


LIFE = {
    "P": said(0, "P", "Wstępnie."),
    "F": said(10, "F", "Płuca bez zmian."),
    "A": said(20, "F", "Uzupełnienie: porównano z 2024 r.", observation="A"),
    "C": said(30, "C", "Płuca: zmiana 4 mm."),
    "X": said(40, "X", "", observation="D"),
}


class TestEveryOrder:
    """R62: the same final state, whatever comes first and however often."""

    @pytest.mark.parametrize("statuses", ["PFCA", "FCAX", "PFX"])
    def test_of_one_life(self, statuses: str) -> None:
        patient = known()
        states = []
        for order in permutations(statuses):
            for status in (*order, order[0]):
                assert receive(LIFE[status]).state == "applied"
            states.append(state())
            Examination.objects.all().delete()
        assert all(one == states[0] for one in states)
        assert patient.pk

    def test_all_of_the_composed_samples(self) -> None:
        swietoslawa()
        names = ["oru_prelim", "oru_final_tx", "oru_corr_pdf", "oru_addendum", "oru_delete"]
        orders = list(permutations(names))[::7]
        states = []
        for order in orders:
            for name in order:
                receive(composed(name))
            states.append(state())
            Examination.objects.all().delete()
        assert all(one == states[0] for one in states)
        assert states[0][0] == "withdrawn"

    def test_what_counts_in_the_end(self) -> None:
        known()
        for status in "CAPF":
            receive(LIFE[status])
        assert texts() == [
            [
                ("C", "Radiology Study observation\n\nPłuca: zmiana 4 mm."),
                ("A", "Radiology Study observation\n\nUzupełnienie: porównano z 2024 r."),
                ("F", "Radiology Study observation\n\nPłuca bez zmian."),
            ]
        ]


class TestVersions:
    def test_a_final_text_is_read(self) -> None:
        swietoslawa()
        assert receive(composed("oru_final_tx")).answer == "AA"
        (shown,) = queries.shown_reports(Examination.objects.get())
        first, second = shown.version.sections
        assert first["paragraphs"] == [
            "Płuca bez zmian ogniskowych.\nŚródpiersie: węzły chłonne do 8 mm & prawidłowe.\nWymiar 12 ^ 2"
        ]
        assert (second["code"], second["paragraphs"]) == ("19005-8", ["Wniosek: obraz prawidłowy."])
        assert "Nowak" in shown.version.signed_by
        assert shown.document is None

    @pytest.mark.parametrize("status", list("OISAR"))
    def test_what_is_not_ready_is_awaited(self, status: str) -> None:
        known()
        receive(said(0, status, "Nic jeszcze."))
        examination = Examination.objects.get()
        assert (examination.report, examination.state, examination.visible) == ("none", "performed", True)
        assert not Report.objects.exists()

    def test_scheduled_without_a_time_is_not_performed(self) -> None:
        known()
        receive(said(0, "S", "").replace(b"|20261120080000+0100", b"|", 1))
        assert Examination.objects.get().state == "planned"

    @pytest.mark.parametrize("status", ["", "Q"])
    def test_an_unknown_status_is_for_staff(self, status: str) -> None:
        known()
        assert receive(said(0, status, "Tekst.", observation="F")).answer == "AA"
        assert (Examination.objects.get().report, work()) == ("pending", {"status_unknown"})

    def test_a_preliminary_is_for_staff_only(self) -> None:
        known()
        receive(LIFE["P"])
        assert (Examination.objects.get().report, texts()) == ("pending", [])

    def test_the_same_message_twice_is_one_version(self) -> None:
        known()
        for _ in range(2):
            receive(LIFE["F"])
        assert ReportVersion.objects.count() == 1

    def test_the_same_content_again_is_no_news(self) -> None:
        known()
        receive(said(0))
        notices = NoticeIntent.objects.count()
        receive(said(50))
        receive(said(60, "C"))
        assert (ReportVersion.objects.count(), NoticeIntent.objects.count()) == (1, notices)

    def test_what_is_said_again_outlives_what_lay_between(self) -> None:
        known()
        for minutes, text in ((0, "A"), (40, "A"), (20, "B")):
            receive(said(minutes, "F", text))
        assert [one[0][1][-1] for one in texts()] == ["A"]

    def test_withdrawn_is_gone_at_once(self) -> None:
        known()
        receive(LIFE["F"])
        receive(LIFE["X"])
        examination = Examination.objects.get()
        assert (examination.report, texts()) == ("withdrawn", [])
        assert not Breach.objects.exists()

    @pytest.mark.parametrize("status", ["F", "X", "C"])
    def test_w_is_the_wrong_patient(self, status: str) -> None:
        known()
        receive(LIFE["F"])
        receive(said(20, status, "Cudzy opis.", observation="W"))
        assert texts() == []
        breach = Breach.objects.get()
        assert (breach.cause, breach.was_visible) == ("report_wrong_patient", True)
        assert "wrong_patient" in work()
        assert ReportVersion.objects.get(status="X").is_wrong_patient

    def test_a_new_final_after_a_withdrawal_counts(self) -> None:
        known()
        for raw in (LIFE["X"], said(50, "F", "Nowy opis."), LIFE["F"]):
            receive(raw)
        assert [[status for status, _ in one] for one in texts()] == [["F"]]

    def test_a_supplement_of_its_own_number(self) -> None:
        """OBX-4 = 2: it is corrected and withdrawn under its own name, and leaves with what it adds to."""
        known()
        receive(said(0))
        second = f"TX|{TEXT}|2|{{}}||||||{{}}"
        receive(with_obx(second.format("Drugi lekarz: tak samo.", "F"), minutes=5))
        receive(with_obx(second.format("Drugi lekarz: inaczej.", "C"), status="C", minutes=9))
        assert [[text.split("\n")[-1] for _, text in one] for one in texts()] == [
            ["Płuca bez zmian.", "Drugi lekarz: inaczej.", "Drugi lekarz: tak samo."]
        ]
        receive(LIFE["X"])
        assert texts() == []


class TestDocuments:
    def test_a_pdf_is_kept_byte_for_byte(self) -> None:
        known()
        body = pdf()
        receive(said(0, text="", pdf=body))
        (shown,) = queries.shown_reports(Examination.objects.get())
        assert [blobs.read(one.blob_id) for one in shown.documents] == [body]

    def test_text_and_several_documents_are_one_version(self) -> None:
        known()
        ed = "ED|18748-4^Opis^LN||RIS^{}^{}^Base64^{}||||||F"
        bodies = [pdf(), pdf(), CDA.read_bytes()]
        kinds = [("application", "pdf")] * 2 + [("text", "xml")]
        coded = [
            ed.format(*kind, base64.b64encode(body).decode())
            for kind, body in zip(kinds, bodies, strict=True)
        ]
        receive(with_obx(f"TX|{TEXT}||Tekst.||||||F", *coded))
        (shown,) = queries.shown_reports(Examination.objects.get())
        assert [blobs.read(one.blob_id) for one in shown.documents] == bodies
        assert [one.media_type for one in shown.documents] == ["application/pdf"] * 2 + ["text/xml"]
        assert shown.version.sections

    def test_a_pdf_that_is_none_is_for_staff(self) -> None:
        known()
        bad = base64.b64encode(b"MZ no PDF at all").decode()
        message = receive(with_obx(f"ED|18748-4^Opis^LN||RIS^application^pdf^Base64^{bad}||||||F"))
        assert (message.answer, work()) == ("AA", {"document_unreadable"})
        assert (Examination.objects.get().report, Report.objects.count()) == ("none", 0)

    def test_rtf_is_kept_and_noted(self) -> None:
        known()
        rtf = base64.b64encode(rb"{\rtf1 Opis}").decode()
        receive(with_obx(f"ED|18748-4^Opis^LN||RIS^application^rtf^Base64^{rtf}||||||F"))
        (shown,) = queries.shown_reports(Examination.objects.get())
        assert (shown.documents[0].media_type, work()) == ("text/rtf", {"document_unreadable"})

    def test_a_pointer_is_never_followed(self) -> None:
        """R09, R31"""
        swietoslawa()
        assert receive(composed("oru_rp")).answer == "AA"
        assert (work(), Report.objects.count()) == ({"pointer_not_allowed"}, 0)


class TestWhose:
    def test_somebody_unknown_waits(self) -> None:
        message = receive(LIFE["F"])
        assert (message.state, message.answer, work()) == ("held", "AA", {"unknown_patient"})
        assert not Examination.objects.exists()

    def test_another_birth_date_is_held_back(self) -> None:
        """R60"""
        known(birth_date=date(1999, 1, 1))
        assert receive(LIFE["F"]).state == "held"
        assert (work(), Report.objects.count()) == ({"patient_differs"}, 0)

    def test_another_name_is_noted(self) -> None:
        known(family_name="Zielińska", given_name="Ewa")
        assert receive(LIFE["F"]).state == "applied"
        assert work() == {"patient_differs"}

    def test_the_number_of_somebody_else_is_held(self) -> None:
        known()
        other = Subject("H5-2", given="Ewa", family="Zielińska", birth="19580321")
        known(other.mrn, family_name="Zielińska", given_name="Ewa")
        receive(LIFE["F"])
        raw = messages.report(
            other, DAY, number="1", accession="A1", performed=DAY, paragraphs=["Cudzy opis, ten sam numer."]
        )
        assert receive(raw).state == "held"
        assert work() == {"accession_of_other_patient"}
        assert Report.objects.count() == 1


class TestHowMany:
    def test_one_text_for_two_examinations(self) -> None:
        """Grouped chest and abdomen: shown with each, listed once."""
        patient = known()
        one, rest = LIFE["F"].decode().split("OBR|", 1)
        obr, obx = rest.split("OBX|", 1)
        second = obr.replace("FL-1^", "FL-2^").replace("PL-1^", "PL-2^").replace("|A1|", "|A2|")
        receive(f"{one}OBR|{obr}OBR|{second}OBX|{obx}".encode())
        examinations = list(Examination.objects.all())
        assert len(examinations) == 2
        assert [len(queries.shown_reports(examination)) for examination in examinations] == [1, 1]
        assert Report.objects.get().examinations.count() == 2
        assert len(queries.reports_of(viewer(patient))) == 1

    def test_two_reports_of_one_accession(self) -> None:
        """Separate filler numbers: separate reports."""
        known()
        receive(said(0, text="Klatka piersiowa."))
        raw = (
            said(1, text="Jama brzuszna.").replace(b"FL-1^RIS", b"FL-9^RIS").replace(b"PL-1^HIS", b"PL-9^HIS")
        )
        receive(raw)
        assert Report.objects.count() == 2


HOSTILE = [
    "<script>alert(1)</script>",
    "\\X0D\\PID|1||EVIL",
    "\\E\\X0D\\E\\",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}} {% debug %}",
    "fdp.exe \u202egpj",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(text: str, client: Any) -> None:
    """R07, R30"""
    patient = known()
    assert patient.account
    receive(with_obx(f"TX|{TEXT}||Początek {text} koniec||||||F"))
    sign_in(client, patient.account)
    examination = Examination.objects.get()
    html = client.get(f"/examinations/{examination.pk}/").content.decode()
    assert "Początek" in html
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "\u202e" not in html
    assert Patient.objects.count() == 1
