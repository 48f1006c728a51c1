"""MDM from its bytes to "My documents" (hospital-integration.md 2.4)."""

from __future__ import annotations

import base64
from datetime import date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.blobs import services as blobs
from klisza.documents import jobs
from klisza.documents.models import Document, DocumentStatement
from klisza.examinations import queries
from klisza.examinations.jobs import run_waiting_documents
from klisza.examinations.models import Examination, ExaminationDocument, NoticeIntent, ReleaseRule
from klisza.gateways.hl7v2 import router
from klisza.gateways.models import InboundMessage, WorkItem
from klisza.patients.models import Patient, PatientIdentifier
from tests.examinations.given import a_patient, pdf, viewer
from tests.hospital import messages
from tests.hospital.messages import Subject

pytestmark = pytest.mark.django_db
COMPOSED = Path(__file__).parent.parent / "data" / "hl7" / "composed"
HER = Subject("H5-9", given="Anna", family="Kowalczyk", birth="19580321")
DAY = datetime(2026, 11, 20, 8, 0)


def receive(raw: bytes) -> InboundMessage:
    message = InboundMessage.objects.create(received_at=clock.now(), raw=raw, size=len(raw), digest="")
    router.process(message)
    message.refresh_from_db()
    return message


def known(mrn: str = HER.mrn, issuer: str = "SZP01", **fields: Any) -> Patient:
    patient = a_patient(**fields)
    PatientIdentifier.objects.create(patient=patient, issuer=issuer, value=mrn)
    return patient


BODIES: dict[str, bytes] = {}


def body_of(text: str) -> bytes:
    """A PDF for each text, the same for the same."""
    return BODIES.setdefault(text, pdf(text))


def mdm(
    event: str,
    minutes: int,
    *,
    number: str = "D1",
    parent: str = "",
    text: str = "",
    completion: str = "LA",
    confidentiality: str = "",
    availability: str = "AV",
    filler: str = "",
) -> bytes:
    at = messages.stamp(DAY + timedelta(minutes=minutes))
    txa = {1: "1", 2: "18842-5^Discharge summary^LN", 3: "AP", 4: at, 12: f"{number}^HIS"}
    txa |= {13: f"{parent}^HIS" if parent else "", 15: f"{filler}^RIS" if filler else ""}
    txa |= {17: completion, 18: confidentiality, 19: availability}
    segments = [
        rf"MSH|^~\&|HIS|SZP01|KLISZA|SZP01|{at}||MDM^{event}|M{minutes:05}|P|2.5.1||||||UNICODE UTF-8",
        f"EVN|{event}|{at}",
        "PID|1||H5-9^^^SZP01^MR||Kowalczyk^Anna||19580321|F",
        "TXA|" + "|".join(txa.get(place, "") for place in range(1, 20)),
    ]
    if text:
        coded = base64.b64encode(body_of(text)).decode()
        segments.append(f"OBX|1|ED|18842-5^Discharge summary^LN||HIS^application^pdf^Base64^{coded}||||||F")
    return ("\r".join(segments) + "\r").encode()


def seen(patient: Patient) -> list[str]:
    """Texts behind the documents that stand in "My documents"."""
    names = {body: text for text, body in BODIES.items()}
    return sorted(names[blobs.read(one.blob_id)] for one in queries.documents_of(viewer(patient)))


def test_a_document_stands_in_my_documents() -> None:
    """S38"""
    patient = known("000123", "1.2.3.4.5", family_name="Żółć-Gęślą", given_name="Świętosława",
                    birth_date=date(1960, 2, 29))  # fmt: skip
    assert receive((COMPOSED / "mdm_t02.hl7").read_bytes()).answer == "AA"
    (document,) = queries.documents_of(viewer(patient))
    assert document.title == "Karta informacyjna z leczenia szpitalnego"
    assert document.unique_number == "DOC-9001"
    receive((COMPOSED / "mdm_t11.hl7").read_bytes())
    assert queries.documents_of(viewer(patient)) == []


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([mdm("T02", 0, text="karta")], ["karta"]),
        ([mdm("T02", 0, text="karta"), mdm("T11", 5, completion="")], []),
        ([mdm("T02", 0, text="karta"), mdm("T08", 5, text="karta 2")], ["karta 2"]),
        ([mdm("T02", 0, text="a"), mdm("T08", 5, text="b"), mdm("T11", 9), mdm("T08", 12, text="c")], ["c"]),
        ([mdm("T02", 0, text="karta"), mdm("T10", 5, number="D2", parent="D1", text="nowa")], ["nowa"]),
        (
            [mdm("T02", 0, text="karta"), mdm("T06", 5, number="D2", parent="D1", text="dodatek")],
            ["dodatek", "karta"],
        ),
        (
            [mdm("T02", 0, text="karta"), mdm("T06", 5, number="D2", parent="D1", text="dodatek"), mdm("T11", 9)],
            [],
        ),
        ([mdm("T02", 0, text="karta", completion="DI"), mdm("T03", 5, completion="AU")], ["karta"]),
        ([mdm("T02", 0, text="karta"), mdm("T03", 5, availability="OB")], []),
        ([mdm("T02", 0, text="karta"), mdm("T03", 5, confidentiality="V")], []),
        (
            [
                mdm("T02", 0, text="karta"),
                mdm("T10", 5, number="D2", parent="D1", text="nowa", completion="DI"),
                mdm("T03", 9, number="D2", completion="LA"),
            ],
            ["nowa"],
        ),
        ([mdm("T02", 0, text="karta"), mdm("T10", 5, number="D2", parent="D1", text="nowa", completion="DI")],
         ["karta"]),
    ],
)  # fmt: skip
def test_any_order_ends_in_one_state(statements: list[bytes], expected: list[str]) -> None:
    """R62, and each one twice."""
    patient = known()
    for order in permutations(statements):
        for raw in (*order, *order):
            assert receive(raw).state == "applied"
        assert seen(patient) == expected
        assert Document.objects.count() == len({raw.partition(b"Base64^")[2] for raw in order} - {b""})
        patient = _anew(patient)


def _anew(patient: Patient) -> Patient:
    NoticeIntent.objects.all().delete()
    DocumentStatement.objects.all().delete()
    Document.objects.all().delete()
    return patient


@pytest.mark.parametrize("completion", ["DI", "DO", "IP", "IN", "PA"])
def test_what_is_not_authenticated_is_hidden(completion: str) -> None:
    patient = known()
    receive(mdm("T02", 0, text="karta", completion=completion))
    assert (seen(patient), Document.objects.get().hidden_reason) == ([], "not_authenticated")


def test_one_without_completion_is_for_staff() -> None:
    patient = known()
    receive(mdm("T02", 0, text="karta", completion=""))
    assert (seen(patient), WorkItem.objects.get().kind) == ([], "status_unknown")


def test_text_alone_is_a_document_too() -> None:
    patient = known()
    raw = mdm("T02", 0) + b"OBX|1|TX|18842-5^Discharge summary^LN||Zalecenia: <b>spacery</b>.||||||F\r"
    receive(raw)
    jobs.run_rendering()
    (document,) = queries.documents_of(viewer(patient))
    assert "<p>Zalecenia: &lt;b&gt;spacery&lt;/b&gt;.</p>" in document.html


def test_one_notice_whatever_is_repeated() -> None:
    known()
    for minutes in (0, 5):
        receive(mdm("T02", minutes, text="karta"))
    assert NoticeIntent.objects.filter(fact="document").count() == 1


def test_somebody_unknown_waits() -> None:
    assert receive(mdm("T02", 0, text="karta")).state == "held"
    assert not Document.objects.exists()


class TestOfAnExamination:
    """R63: the examination's gate and its report's apply."""

    @pytest.fixture
    def patient(self) -> Patient:
        return known()

    def order(self) -> None:
        receive(messages.order(HER, DAY, number="1", accession="A1", planned=DAY, state="CM"))

    @pytest.mark.parametrize("document_first", [True, False])
    def test_it_is_found_in_any_order(self, patient: Patient, document_first: bool) -> None:
        steps = [lambda: receive(mdm("T02", 0, text="karta", filler="FL-1")), self.order]
        for step in steps if document_first else reversed(steps):
            step()
        run_waiting_documents()
        assert ExaminationDocument.objects.get().examination == Examination.objects.get()
        assert seen(patient) == ["karta"]

    def test_it_waits_for_the_release(self, patient: Patient) -> None:
        ReleaseRule.objects.create(position=1, report="clinician", updated_at=clock.now())
        self.order()
        receive(mdm("T02", 0, text="karta", filler="FL-1"))
        assert seen(patient) == []
        assert queries.documents_with(Examination.objects.get(), viewer(patient)) == []
        assert not NoticeIntent.objects.filter(fact="document").exists()

    def test_nobody_else_finds_it(self, patient: Patient) -> None:
        other = a_patient()
        receive(mdm("T02", 0, text="karta"))
        document = Document.objects.get()
        assert queries.document_of(viewer(patient), document.pk) == document
        with pytest.raises(NotFound):
            queries.document_of(viewer(other), document.pk)
