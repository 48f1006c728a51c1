"""ORM, OMI, OMG and SIU from their bytes to examinations and visits (hospital-integration.md 2.4)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path

import pytest

from klisza.base import clock
from klisza.examinations import queries
from klisza.examinations.models import Appointment, Examination, Order
from klisza.gateways.hl7v2 import router
from klisza.gateways.models import InboundMessage, WorkItem
from klisza.patients.models import Patient, PatientIdentifier
from tests.examinations.given import a_patient
from tests.hospital import messages
from tests.hospital.messages import Subject

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).parent.parent / "data" / "hl7"
HER = Subject("H4-1", given="Anna", family="Kowalczyk", birth="19580321")
DAY = datetime(2026, 11, 23, 8, 0)


def receive(raw: bytes) -> InboundMessage:
    message = InboundMessage.objects.create(received_at=clock.now(), raw=raw, size=len(raw), digest="")
    router.process(message)
    message.refresh_from_db()
    return message


def known(mrn: str, issuer: str = "SZP01", **fields: object) -> Patient:
    patient = a_patient(account=False, **fields)
    PatientIdentifier.objects.create(patient=patient, issuer=issuer, value=mrn)
    return patient


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def swietoslawa() -> Patient:
    return known(
        "000123", "1.2.3.4.5", family_name="Żółć-Gęślą", given_name="Świętosława", birth_date=date(1960, 2, 29)
    )  # fmt: skip


class TestOrders:
    def test_an_orm_in_latin_2(self) -> None:
        patient = swietoslawa()
        assert receive(sample("composed/orm_o01.hl7")).state == "applied"
        order = Order.objects.get()
        assert (order.patient, order.filler_number, order.placer_number) == (patient, "FL-7701", "PL-5501")
        assert (order.accession_number, order.requested_procedure_id) == ("ACC0001", "RP0001")
        assert order.study_instance_uid.endswith("93302")
        examination = order.examinations.get()
        assert (examination.state, examination.kind, examination.ward_code) == ("planned", "CT", "PORAD")
        assert examination.performed_at == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

    def test_an_omi_with_its_ipc(self) -> None:
        known("000124", family_name="Łabędź", given_name="Paweł", birth_date=date(1975, 3, 1))
        assert receive(sample("composed/omi_o23.hl7")).state == "applied"
        order = Order.objects.get()
        assert (order.accession_number, order.accession_issuer) == ("ACC0002", "RIS")
        assert order.modality == "MR"
        assert order.examinations.get().kind == "MR"

    def test_somebody_unknown_waits(self) -> None:
        assert receive(sample("composed/orm_o01.hl7")).state == "held"
        assert not Order.objects.exists()

    def test_another_birth_date_is_held_back(self) -> None:
        """R60"""
        known("000123", "1.2.3.4.5", birth_date=date(1999, 1, 1))
        assert receive(sample("composed/orm_o01.hl7")).state == "held"
        assert WorkItem.objects.get().kind == "patient_differs"
        assert not Examination.objects.exists()

    def test_another_pid_moves_the_order(self) -> None:
        """1.5, path 4; the same whichever message comes first, and staff are told."""
        wrong, right = known(HER.mrn), known("H4-2")
        first = messages.order(HER, DAY, number="1", accession="A1", planned=DAY)
        fixed = messages.order(
            Subject("H4-2", given="Anna", family="Kowalczyk", birth="19580321"),
            messages.later(DAY, 9), number="1", accession="A1", planned=DAY, control="XO",
        )  # fmt: skip
        for raw in (first, fixed, first):
            assert receive(raw).state == "applied"
        assert Order.objects.get().patient == right
        assert not Examination.objects.filter(patient=wrong).exclude(hidden_reason="order_moved").exists()
        assert WorkItem.objects.get().kind == "order_moved"

    def test_status_messages_in_any_order(self) -> None:
        said = [("NW", "SC"), ("SC", "IP"), ("SC", "CM")]
        ends = set()
        for number, order in enumerate(permutations(enumerate(said))):
            subject = Subject(f"ST-{number}", given="Anna", family="Kowalczyk", birth="19580321")
            known(subject.mrn)
            for minute, (control, state) in order:
                receive(messages.order(
                    subject, messages.later(DAY, minute), number=f"S{number}", accession=f"S{number}",
                    planned=DAY, control=control, state=state,
                ))  # fmt: skip
            ends.add(Order.objects.get(filler_number=f"FL-S{number}").state)
        assert ends == {"performed"}

    @pytest.mark.parametrize("control", ["CA", "DC", "OC"])
    def test_withdrawn_orders_show_nothing(self, control: str) -> None:
        known(HER.mrn)
        receive(messages.order(HER, DAY, number="1", accession="A1", planned=DAY, state="CM"))
        assert Examination.objects.get().visible
        receive(messages.order(
            HER, messages.later(DAY, 1), number="1", accession="A1", planned=DAY, control=control, state="CA",
        ))  # fmt: skip
        examination = Examination.objects.get()
        assert (examination.state, examination.visible) == ("cancelled", False)
        assert not WorkItem.objects.exists()


class TestAppointments:
    def test_booked_changed_cancelled(self) -> None:
        known("PATID1234", "2.16.1", birth_date=date(1988, 8, 18), family_name="EVERYMAN", given_name="ADAM")
        assert receive(sample("SIU-S12-01.hl7")).state == "applied"
        appointment = Appointment.objects.get()
        assert (appointment.key, appointment.state) == ("36996", "booked")
        assert appointment.starts_at == datetime(2021, 9, 24, 7, 15, tzinfo=UTC)
        receive(sample("SIU-S15-01.hl7"))
        appointment.refresh_from_db()
        assert appointment.state == "cancelled"
        receive(sample("SIU-S14-01.hl7"))
        receive(sample("SIU-S12-01.hl7"))
        assert Appointment.objects.count() == 1

    def test_somebody_unknown_waits(self) -> None:
        assert receive(sample("SIU-S12-01.hl7")).state == "held"

    def test_a_visit_opens_what_waited(self) -> None:
        patient = known(
            "PATID1234", "2.16.1", birth_date=date(1988, 8, 18), family_name="EVERYMAN", given_name="ADAM"
        )
        examination = Examination.objects.create(
            patient=patient, kind="CT", issuer="", performed_at=datetime(2021, 9, 1, tzinfo=UTC),
            images_why="visit", created_at=clock.now(), updated_at=clock.now(),
        )  # fmt: skip
        receive(sample("SIU-S12-01.hl7"))
        assert queries.next_visit(examination) == Appointment.objects.get()
        assert queries.visit_is_known(examination)
