"""`klisza replay`: what messages made is made anew from the raw inbox, and nobody notices."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from klisza.audit.actor import SYSTEM
from klisza.base import clock
from klisza.documents.models import Document, DocumentStatement
from klisza.examinations import queries
from klisza.examinations.models import (
    Appointment,
    Examination,
    NoticeIntent,
    Order,
    Report,
    ReportVersion,
)
from klisza.gateways.hl7v2 import replay, router
from klisza.gateways.models import InboundMessage, WorkItem
from klisza.notifications.models import Message
from klisza.patients import queries as patients
from klisza.patients import services
from klisza.patients.models import MergeRecord, Patient

from .hl7door import adt, message, oru

pytestmark = pytest.mark.django_db

PDF = base64.b64encode(b"%PDF-1.4 a report").decode()
PERSON = "PID|1||{0}^^^SZP&1.2.3.4&ISO^MR||Testowa^Anna||19600229|F"


def order(
    number: str, *, name: str, control: str = "NW", state: str = "SC", code: str = "CTKLP^TK klatki"
) -> bytes:
    return message(
        "ORM^O01", PERSON.format(number), f"ORC|{control}|P{name}^HIS|F{name}^RIS||{state}",
        f"OBR|1|P{name}^HIS|F{name}^RIS|{code}||||||||||||||A{name}||||||CT|||1^^^20260302090000+0100",
        application="RIS",
    )  # fmt: skip


def report(number: str, *, name: str, status: str, text: str, at: str, pdf: str = "") -> bytes:
    rows = [f"OBX|1|TX|18782-3^Opis^LN||{text}||||||{status}"]
    if pdf:
        rows.append(f"OBX|2|ED|18748-4^Opis^LN||RIS^application^pdf^Base64^{pdf}||||||{status}")
    return message(
        "ORU^R01", PERSON.format(number),
        f"OBR|1|P{name}^HIS|F{name}^RIS|CTKLP^TK klatki|||20260302090000+0100|||||||||||A{name}||||{at}||CT|{status}",
        *rows, application="RIS",
    )  # fmt: skip


def visit(number: str) -> bytes:
    return message(
        "SIU^S12", "SCH|V1^HIS|V1^HIS|||||||||^^^20260310090000+0100", PERSON.format(number), "PV1|1|O|PORAD",
    )  # fmt: skip


def document(number: str) -> bytes:
    return message(
        "MDM^T02", "EVN|T02|20260304", PERSON.format(number), "PV1|1|O",
        "TXA|1|18842-5^Karta^LN|TX|20260304100000||||||||DOC1^HIS|||||AU||AV",
        "OBX|1|TX|18842-5^Karta^LN||Tekst karty.||||||F",
    )  # fmt: skip


SCENARIO = [
    adt("R-1", at="20260301080000+0100"),
    order("R-1", name="X1"),
    report("R-1", name="X1", status="P", text="Wstępnie.", at="20260302100000+0100"),
    report("R-1", name="X1", status="F", text="Bez zmian.", at="20260302110000+0100", pdf=PDF),
    report("R-1", name="X1", status="C", text="Zmiana w płacie.", at="20260303110000+0100", pdf=PDF),
    order("R-1", name="X2", code="MRGLO^MR głowy"),
    order("R-1", name="X2", control="CA", state="CA"),
    visit("R-1"),
    document("R-1"),
    oru("R-2", report="X3"),  # held until its patient comes
    adt("R-2", family="Nowa", at="20260305080000+0100"),
    message("ADT^A40", "EVN|A40|20260306080000+0100", PERSON.format("R-1"), "MRG|R-9^^^SZP&1.2.3.4&ISO^MR"),
    oru("R-3", report="X4"),  # nobody knows R-3
]  # fmt: skip


@pytest.fixture
def scenario() -> list[InboundMessage]:
    return [received(raw) for raw in SCENARIO]


def received(raw: bytes) -> InboundMessage:
    digest = hashlib.sha256(raw).hexdigest()
    row = InboundMessage.objects.create(received_at=clock.now(), raw=raw, size=len(raw), digest=digest)
    router.process(row)
    return row


def content() -> str:
    """What people see and staff have to do; without ids and times of ours.

    When a row was made is left out: it cannot be known again once the row is lost (its own test looks at it).
    """
    views = []
    for patient in Patient.objects.filter(survivor=None).order_by("family_name"):
        viewer = patients.viewer_for_staff(patient, SYSTEM, reason="test")
        views.append([patient.family_name, str(patient.birth_date), len(patients.aliases(patient)), [
            _examination(one) for one in queries.visible(viewer, purpose="list").order_by("performed_at", "pk")
        ]])  # fmt: skip
    rows = {
        "orders": list(Order.objects.order_by("key").values("key", "state", "procedure_code", "modality", "stated")),
        "visits": list(Appointment.objects.values("key", "state", "starts_at", "stated")),
        "documents": list(Document.objects.order_by("blob__sha256").values(
            "kind", "title", "blob__sha256", "unique_number", "hidden_reason", "withdrawn_at")),
        "said": list(DocumentStatement.objects.values("unique_number", "event", "stated_at")),
        "merges": list(MergeRecord.objects.values("kind", "stated_at", "undone_at")),
        "states": list(InboundMessage.objects.order_by("id").values("state", "answer", "code", "reason")),
        "work": list(WorkItem.objects.filter(done_at=None).order_by("message_id").values("kind", "message_id")),
        "intents": list(NoticeIntent.objects.order_by("fact", "detail").values("fact", "detail", "sent_at", "is_silent")),
    }  # fmt: skip
    return json.dumps([views, rows], default=str, indent=1, ensure_ascii=False)


def _examination(one: Examination) -> list[Any]:
    versions = ReportVersion.objects.filter(report__examinations=one).order_by("report__key", "stated_at")
    return [
        one.kind, one.title, one.state, one.performed_at, one.images, one.report, one.procedure_code,
        one.first_final_at, one.report_from, one.report_why,
        [[row.status, row.sections, row.digest, row.stated_at] for row in versions],
    ]  # fmt: skip


def ids() -> dict[str, list[Any]]:
    models = (Patient, Examination, Order, Appointment, Report, ReportVersion, Document, NoticeIntent)
    return {model.__name__: sorted(model.objects.values_list("pk", flat=True)) for model in models}


def times() -> list[Any]:
    models = (ReportVersion, Document)
    return [sorted(model.objects.values_list("pk", "received_at")) for model in models]


def test_the_scenario_is_what_it_should_be(scenario: list[InboundMessage]) -> None:
    states = list(InboundMessage.objects.order_by("id").values_list("state", flat=True))

    assert states == ["applied"] * 12 + ["held"]
    assert ReportVersion.objects.filter(source="oru").count() == 4
    assert (Order.objects.count() >= 3, Appointment.objects.count(), DocumentStatement.objects.count()) == (
        True,
        1,
        1,
    )


def test_a_replay_changes_nothing(scenario: list[InboundMessage]) -> None:
    before, known, came = content(), ids(), times()

    done = replay.rebuild(by=SYSTEM)

    assert (done.messages, done.set_aside) == (13, ())
    assert content() == before
    assert (ids(), times()) == (known, came)


def test_what_was_lost_comes_back(scenario: list[InboundMessage]) -> None:
    before = content()
    ReportVersion.objects.all().delete()
    Report.objects.all().delete()
    DocumentStatement.objects.all().delete()
    Order.objects.all().delete()
    Appointment.objects.all().delete()
    assert content() != before

    replay.rebuild(by=SYSTEM)

    assert content() == before


def test_what_was_spoilt_is_right_again(scenario: list[InboundMessage]) -> None:
    before = content()
    Order.objects.update(
        procedure_code="WRONG", state="performed", stated={"state": ["2099-01-01T00:00:00Z", "x"]}
    )
    ReportVersion.objects.update(sections=[], status="X")

    replay.rebuild(by=SYSTEM)

    assert content() == before


def test_twice_is_the_same_as_once(scenario: list[InboundMessage]) -> None:
    replay.rebuild(by=SYSTEM)
    before, known = content(), ids()

    replay.rebuild(by=SYSTEM)

    assert (content(), ids()) == (before, known)


def test_nobody_is_told(scenario: list[InboundMessage]) -> None:
    mails, tasks = Message.objects.count(), ids()["NoticeIntent"]

    replay.rebuild(by=SYSTEM)

    assert Message.objects.count() == mails
    assert ids()["NoticeIntent"] == tasks


def test_a_merge_that_staff_undid_stays_undone(scenario: list[InboundMessage]) -> None:
    merge = MergeRecord.objects.get(kind="merge")
    services.undo_merge(other=merge.other, by=SYSTEM)

    replay.rebuild(by=SYSTEM)

    assert Patient.objects.get(pk=merge.other_id).survivor_id is None


def test_a_message_that_fails_now_spoils_nothing(
    scenario: list[InboundMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug of a new version: the people concerned stay as they were, and the command says so."""
    before = content()

    def breaking(content: Any, context: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("klisza.gateways.hl7v2.effects.results.apply", breaking)

    done = replay.rebuild(by=SYSTEM)

    assert len(done.set_aside) == 3
    assert content() == before


def test_only_people_of_recent_messages(scenario: list[InboundMessage]) -> None:
    old = InboundMessage.objects.filter(pk__lte=scenario[8].pk)
    old.update(received_at=clock.now().replace(year=2020))
    InboundMessage.objects.filter(pk=scenario[11].pk).update(received_at=clock.now().replace(year=2020))

    done = replay.rebuild(by=SYSTEM, since=clock.now().date())

    assert done.messages == 3
