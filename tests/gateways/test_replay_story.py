"""A whole story, row by row: what `klisza replay` makes anew is what was there (hospital-integration 7.25)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from klisza.accounts.models import Account, ClosingRequest, ContactChange, Factor, Session
from klisza.audit.actor import SYSTEM
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.documents.models import Document, DocumentName, DocumentStatement
from klisza.examinations import jobs, queries, services
from klisza.examinations.models import (
    Appointment,
    Breach,
    Examination,
    ExaminationDocument,
    ExaminationIdentifier,
    ExaminationStudy,
    GrantedExamination,
    NoticeIntent,
    Order,
    Report,
    ReportDocument,
    ReportVersion,
    StudyIntake,
)
from klisza.gateways.hl7v2 import replay, router
from klisza.gateways.models import InboundMessage, WorkItem
from klisza.notifications.models import Message
from klisza.patients import queries as patients
from klisza.patients.models import (
    DeskTask,
    Grant,
    GuardianProposal,
    MergeRecord,
    Patient,
    PatientIdentifier,
)
from tests.examinations.given import a_study
from tests.patients.carers import a_carer, given

from .hl7door import adt, message
from .test_replay import PDF, PERSON, SCENARIO, order, received, report

pytestmark = pytest.mark.django_db

ISSUER = "1.2.3.4"
# Moments of ours, and what only says "look again".
VOLATILE = {"updated_at", "access_epoch", "password_words"}  # the words are sealed anew each time
NAMELESS = (
    ExaminationIdentifier, ExaminationStudy, ExaminationDocument, ReportDocument, DocumentName, DocumentStatement,
    NoticeIntent,
)  # fmt: skip
MODELS: tuple[type[Model], ...] = (
    Patient, PatientIdentifier, MergeRecord, DeskTask, Account, Message, Order, Appointment, Examination, Report,
    ReportVersion, Document, StudyIntake, Breach, WorkItem, InboundMessage, Grant, GrantedExamination,
    GuardianProposal, ContactChange, ClosingRequest, Factor, Session, *NAMELESS,
)  # fmt: skip
PDF_TWO = base64.b64encode(b"%PDF-1.4 another report").decode()


def rows(model: type[Model]) -> dict[str, dict[str, str]]:
    """Every column of every row; without ids where nothing outside the database knows them."""
    nameless = model in NAMELESS
    left_out = VOLATILE | ({"id"} if nameless else set()) | ({"at"} if model is StudyIntake else set())
    found = {}
    for row in model._default_manager.all():
        values = {field.attname: str(getattr(row, field.attname)) for field in model._meta.concrete_fields}
        if model is not Account:
            values |= {
                field.name: str(sorted(str(one.pk) for one in getattr(row, field.name).all()))
                for field in model._meta.many_to_many
            }
        kept = {name: value for name, value in values.items() if name not in left_out}
        found[str(kept) if nameless else str(row.pk)] = kept
    return found


def everything() -> dict[str, dict[str, dict[str, str]]]:
    return {model.__name__: rows(model) for model in MODELS}


def changes(before: dict[str, dict[str, dict[str, str]]]) -> list[str]:
    """What is otherwise now, one line for each row that came, went, or has another value."""
    told = []
    for name, after in everything().items():
        old = before[name]
        told += [f"{name} gone: {old[key]}" for key in old.keys() - after.keys()]
        told += [f"{name} new: {after[key]}" for key in after.keys() - old.keys()]
        for key in old.keys() & after.keys():
            other = [f"{field}: {old[key][field]} -> {after[key][field]}" for field in old[key]
                     if old[key][field] != after[key][field]]  # fmt: skip
            told += [f"{name} {key}: {one}" for one in other]
    return sorted(told)


def seen() -> list[Any]:
    """What each account's person and nobody else is shown at this moment."""
    found = []
    for patient in Patient.objects.filter(survivor=None).order_by("pk"):
        viewer = patients.viewer_for_staff(patient, SYSTEM, reason="test")
        purposes = ("list", "images", "report")
        found.append([
            sorted(str(pk) for pk in queries.visible(viewer, purpose=purpose).values_list("pk", flat=True))
            for purpose in purposes
        ])  # fmt: skip
    return found


def supplement(number: str, *, name: str, to: str) -> bytes:
    """OBR-29 names the report it adds to."""
    return message(
        "ORU^R01", PERSON.format(number),
        f"OBR|1|P{name}^HIS|F{name}^RIS|CTKLP^TK klatki|||20260302090000+0100|||||||||||A{to}||||"
        f"20260304110000+0100||CT|F||||P{to}&HIS^F{to}&RIS",
        "OBX|1|TX|18782-3^Opis^LN||ADDENDUM: dodatkowo zwapnienia.||||||F", application="RIS",
    )  # fmt: skip


def wrong_patient(number: str, *, name: str) -> bytes:
    return report(number, name=name, status="X", text="", at="20260305110000+0100").replace(
        b"||||||X", b"||||||W"
    )


def moved(event: str, at: str, *, to: str, prior: str) -> bytes:
    return message(
        f"ADT^{event}", f"EVN|{event}|{at}", PERSON.format(to), f"MRG|{prior}^^^SZP&1.2.3.4&ISO^MR"
    )


def images(number: str, name: str) -> None:
    study = a_study(
        issuer=ISSUER, patient_id=number, patient_name="Testowa^Anna", patient_birth_date=date(1960, 2, 29),
        accession_number=f"A{name}", study_date=date(2026, 3, 2),
    )  # fmt: skip
    services.link_study(study=study, by=SYSTEM)


def both_numbers(first: str, second: str) -> bytes:
    return adt(first, at="20260301080000+0100").replace(
        f"{first}^^^SZP".encode(), f"{second}^^^SZP&1.2.3.4&ISO^MR~{first}^^^SZP".encode()
    )


def tell() -> Iterator[bytes]:
    yield adt("L-1", at="20260301080000+0100").replace(
        b"||19600229|F", b"||19600229|F|||||^NET^Internet^anna@poczta.example~^PRN^CP^^48^600^100955"
    )
    yield order("L-1", name="Y1")
    images("L-1", "Y1")
    # The supplement before the report it adds to; the report in three versions.
    yield supplement("L-1", name="Y1S", to="Y1")
    yield report("L-1", name="Y1", status="P", text="Wstępnie.", at="20260302100000+0100")
    yield report("L-1", name="Y1", status="F", text="Bez zmian.", at="20260302110000+0100", pdf=PDF)
    yield report("L-1", name="Y1", status="C", text="Zmiana.", at="20260303110000+0100", pdf=PDF_TWO)
    # Of somebody else, as it turns out.
    yield report("L-1", name="Y2", status="F", text="Cudzy.", at="20260303110000+0100", pdf=PDF)
    yield wrong_patient("L-1", name="Y2")
    # Images before their order, and a merge after all of it.
    yield adt("L-9", at="20260301080000+0100")
    images("L-9", "Y3")
    yield order("L-9", name="Y3")
    yield report("L-9", name="Y3", status="F", text="Stary numer.", at="20260303110000+0100")
    yield moved("A40", "20260306080000+0100", to="L-1", prior="L-9")
    # An order that goes to another patient.
    yield adt("L-7", at="20260301080000+0100")
    yield order("L-7", name="Y4")
    images("L-7", "Y4")
    yield order("L-1", name="Y4")
    # A visit that goes to another patient: everything of the former one is in doubt.
    yield order("L-7", name="Y5")
    yield report("L-7", name="Y5", status="F", text="Wątpliwy.", at="20260303110000+0100")
    yield moved("A45", "20260307080000+0100", to="L-1", prior="L-7")
    # A number that goes to another patient.
    yield both_numbers("L-5", "L-6")
    yield order("L-6", name="Y6")
    yield moved("A43", "20260307090000+0100", to="L-1", prior="L-6")
    # Cancelled although it can be seen.
    yield order("L-1", name="Y7")
    images("L-1", "Y7")
    yield order("L-1", name="Y7", control="CA", state="CA")


def families() -> None:
    """A child with a mother, who is told; one of them keeps something from her; a widow at the desk; a new phone."""
    mother, widow = a_carer(), a_carer(email="wdowa@example.org", mobile="+48600100901")
    received(adt("L-20", at="20260301080000+0100").replace(b"19600229", b"20150601"))
    child = patients.find_by_identifier(ISSUER, "L-20")
    assert child
    given(child, mother)
    Grant.objects.update(taken_at=clock.now() - timedelta(days=400))
    for name in ("Y20", "Y21"):
        received(order("L-20", name=name).replace(b"19600229", b"20150601"))
        received(
            report("L-20", name=name, status="F", text="Dziecko.", at="20260303110000+0100").replace(
                b"19600229", b"20150601"
            )
        )
    kept = Examination.objects.filter(patient=child).first()
    assert kept
    Examination.objects.filter(pk=kept.pk).update(hidden_from_carers_at=clock.now())
    services.refresh(kept)
    received(adt("L-21", at="20260301080000+0100"))
    received(dead(adt("L-21", at="20260302080000+0100")))
    late = patients.find_by_identifier(ISSUER, "L-21")
    assert late
    given(late, widow, kind="authorised")


def dead(raw: bytes) -> bytes:
    """PID-30, after twenty-one empty fields."""
    return raw.replace(b"||19600229|F", b"||19600229|F" + b"|" * 22 + b"Y")


@pytest.fixture
def story() -> None:
    for raw in SCENARIO:
        received(raw)
    for raw in tell():
        assert received(raw).pk
    families()
    jobs.run_corrected_people()
    Account.objects.exclude(lock_cause="died").update(
        state=Account.State.ACTIVE, created_at=clock.now() - timedelta(days=400)
    )
    moved_house = adt("L-1", at="20260308080000+0100").replace(
        b"||19600229|F", b"||19600229|F|||||^NET^Internet^anna@poczta.example~^PRN^CP^^48^600^100956"
    )
    received(moved_house)


def test_the_story_is_what_it_should_be(story: None) -> None:
    kinds = set(WorkItem.objects.filter(done_at=None).values_list("kind", flat=True))

    assert {"move_needs_staff", "order_moved", "wrong_patient", "cancelled_but_visible"} <= kinds
    assert Breach.objects.filter(cause="report_wrong_patient").exists()
    assert set(InboundMessage.objects.values_list("state", flat=True)) == {"applied", "held"}
    assert Report.objects.exclude(parent_key="").exists()
    assert ReportVersion.objects.filter(is_wrong_patient=True).exists()
    assert ExaminationStudy.objects.count() >= 3
    mother = Account.objects.get(email="carer@example.org")
    assert (
        NoticeIntent.objects.filter(account=mother, sent_at=None).count() == 1
    )  # of two: one is kept from her
    assert set(Grant.objects.values_list("source", "ended_at")) == {("desk", None), ("release", None)}
    assert ContactChange.objects.filter(done_at=None).count() == 1


def test_replay_leaves_every_row_as_it_was(story: None) -> None:
    """And people see what they saw; some of it was told, some waits to be."""
    NoticeIntent.objects.filter(fact="images").update(sent_at=clock.now())
    before, shown, last = everything(), seen(), AuditEvent.objects.latest("id").pk

    done = replay.rebuild(by=SYSTEM)

    assert done.set_aside == ()
    assert changes(before) == []
    assert seen() == shown
    new = AuditEvent.objects.filter(pk__gt=last)
    assert not {"breach.noted", "patient.merged", "patient.moved"} & set(new.values_list("action", flat=True))


def test_what_staff_have_dealt_with_stays_so(story: None) -> None:
    Breach.objects.update(closed_at=clock.now())
    WorkItem.objects.update(done_at=clock.now(), done_note="looked at")
    before = everything()

    replay.rebuild(by=SYSTEM)

    assert changes(before) == []


def test_nobody_can_see_a_half(story: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a person is made anew in one transaction: the gate is read from before or from after (R60)."""
    outside, depths = len(connection.savepoint_ids), list[int]()
    apply = router.apply

    def watched(*given: Any, **more: Any) -> Any:
        depths.append(len(connection.savepoint_ids))
        return apply(*given, **more)

    monkeypatch.setattr(router, "apply", watched)
    replay.rebuild(by=SYSTEM)

    assert len(depths) == InboundMessage.objects.count()
    assert min(depths) > outside
