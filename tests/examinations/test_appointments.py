"""SIU: the visit at which a result may be discussed (N10)."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from klisza.base import clock
from klisza.examinations import queries, services
from klisza.examinations.models import Appointment, Examination
from klisza.patients.models import Patient
from klisza.patients.services import merge
from klisza.standards.hl7v2 import facts

from .given import ISSUER, SCRIPT, a_patient, viewer
from .ordered import PLANNED_AT, an_order, at, ordered

pytestmark = pytest.mark.django_db
VISIT = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)  # a visit whose end nobody said


def a_visit(patient: Patient, minute: int = 0, **said: Any) -> Appointment:
    values: dict[str, Any] = {
        "event": "S12", "placer_number": "", "filler_number": "V1", "starts_at": VISIT, "ward": "PORAD",
    } | said  # fmt: skip
    appointment = facts.Appointment(stamp=at(minute), person=facts.Person(), **values)
    return services.file_appointment(
        patient=patient, appointment=appointment, issuer=ISSUER, origin="", by=SCRIPT
    )


def performed(patient: Patient, **said: Any) -> Examination:
    return ordered(an_order(patient, status="performed", performed_at=PLANNED_AT, **said))


class TestTheRow:
    def test_any_order_of_messages(self) -> None:
        said = [
            (1, {"event": "S12"}),
            (2, {"event": "S13", "status": "changed", "starts_at": VISIT + WEEK}),
            (3, {"event": "S15", "status": "cancelled", "starts_at": None}),
        ]
        ends = set()
        for number, messages in enumerate(itertools.permutations(said)):
            patient = a_patient()
            for minute, values in messages:
                row = a_visit(patient, minute, filler_number=f"V{number}", **values)
            ends.add((row.state, row.starts_at))
        assert ends == {("cancelled", VISIT + WEEK)}
        assert Appointment.objects.count() == 6

    @pytest.mark.parametrize(("status", "state"), [("deleted", "cancelled"), ("no_show", "no_show")])
    def test_how_it_ends(self, status: str, state: str) -> None:
        patient = a_patient()
        a_visit(patient)
        assert a_visit(patient, 1, status=status).state == state

    def test_the_same_again_changes_nothing(self) -> None:
        patient = a_patient()
        before = a_visit(patient).updated_at
        assert a_visit(patient).updated_at == before


class TestTheNextVisit:
    def test_the_first_after_the_examination(self) -> None:
        patient = a_patient()
        examination = performed(patient)
        a_visit(patient, filler_number="V0", starts_at=PLANNED_AT - WEEK)
        a_visit(patient, filler_number="V2", starts_at=VISIT + WEEK)
        first = a_visit(patient, filler_number="V1")
        assert queries.next_visit(examination) == first

    def test_of_the_ordering_ward(self) -> None:
        patient = a_patient()
        examination = performed(patient, ward="ONKO")
        a_visit(patient, filler_number="V1", ward="OKULIST")
        assert queries.next_visit(examination) is None
        own = a_visit(patient, filler_number="V2", ward="ONKO", starts_at=VISIT + WEEK)
        assert queries.next_visit(examination) == own

    def test_any_ward_when_none_ordered(self) -> None:
        patient = a_patient()
        assert queries.next_visit(performed(patient, ward="")) is None
        visit = a_visit(patient)
        assert queries.next_visit(Examination.objects.get()) == visit

    def test_a_cancelled_one_is_none(self) -> None:
        patient = a_patient()
        examination = performed(patient)
        a_visit(patient)
        a_visit(patient, 1, status="cancelled")
        assert queries.next_visit(examination) is None

    def test_under_the_merged_record(self) -> None:
        old, new = a_patient(account=False), a_patient()
        examination = performed(old)
        visit = a_visit(new)
        assert queries.next_visit(examination) is None
        merge(survivor=new, other=old, by=SCRIPT)
        examination.refresh_from_db()
        assert queries.next_visit(examination) == visit

    def test_somebody_elses_is_not_mine(self) -> None:
        examination = performed(a_patient())
        a_visit(a_patient())
        assert queries.next_visit(examination) is None


class TestWhatWaitsForIt:
    @pytest.fixture
    def patient(self) -> Patient:
        services.save_release_rules(rules=[{"images": "visit", "report": "visit"}], by=SCRIPT)
        return a_patient()

    def test_it_opens_when_the_visit_is_over(self, patient: Patient) -> None:
        examination = performed(patient)
        assert examination.images_from is None
        a_visit(patient, ends_at=VISIT + timedelta(minutes=20))
        examination.refresh_from_db()
        assert examination.images_from == VISIT + timedelta(minutes=20)

    def test_a_postponed_visit_postpones_it(self, patient: Patient) -> None:
        examination = performed(patient)
        a_visit(patient)
        a_visit(patient, 1, event="S13", status="changed", starts_at=VISIT + WEEK)
        examination.refresh_from_db()
        assert examination.images_from == VISIT + WEEK + HOUR

    def test_without_the_visit_it_waits(self, patient: Patient) -> None:
        examination = performed(patient)
        a_visit(patient)
        a_visit(patient, 1, event="S15", status="cancelled")
        examination.refresh_from_db()
        assert examination.images_from is None

    def test_the_visit_was_known_before(self, patient: Patient) -> None:
        a_visit(patient)
        assert performed(patient).images_from == VISIT + HOUR

    def test_images_stay_closed_until_then(self, patient: Patient) -> None:
        performed(patient)
        a_visit(patient, starts_at=clock.now() + WEEK)
        assert not queries.visible(viewer(patient), purpose="images").exists()
