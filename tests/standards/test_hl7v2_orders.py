from __future__ import annotations

from pathlib import Path

import pytest

from klisza.standards.hl7v2.facts import Appointment, Identifier, Order
from tests.standards.hl7 import PID, message, msh, only, refusal, understood, warsaw

STUDY = "1.2.826.0.1.3680043.8.498.18002792960936403681069136198686193302"


def _ordered(*segments: str, kind: str = "ORM^O01") -> Order:
    return only(message(msh(kind), PID, *segments), Order)


def test_an_ihe_order_of_2_3_1(samples: Path) -> None:
    order = only((samples / "hl7/composed/orm_o01.hl7").read_bytes(), Order)
    (step,) = order.steps

    assert (order.control, order.stamp.at) == ("NW", warsaw(2026, 11, 23, 9, 10))
    assert order.person.family_name == "Żółć-Gęślą"
    assert step.placer_number == Identifier("PL-5501", "HIS", "HIS")
    assert step.filler_number == Identifier("FL-7701", "RIS", "RIS")
    assert step.accession_number == Identifier("ACC0001")
    assert (step.requested_procedure_id, step.scheduled_step_id) == ("RP0001", "SPS0001")
    assert step.study_instance_uid == STUDY
    assert (step.procedure_code, step.procedure_text) == ("CTKLP", "TK klatki piersiowej z kontrastem")
    assert (step.modality, step.ward, step.physician) == ("CT", "PORAD", "lek. Anna Kowalska")
    assert (step.scheduled_at, step.status, step.is_withdrawn) == (
        warsaw(2026, 11, 24, 10, 30),
        "planned",
        False,
    )


def test_an_imaging_order(samples: Path) -> None:
    (step,) = only((samples / "hl7/composed/omi_o23.hl7").read_bytes(), Order).steps

    assert step.accession_number == Identifier("ACC0002", "RIS", "RIS")
    assert (step.requested_procedure_id, step.scheduled_step_id) == ("RP0002", "SPS0002")
    assert (step.study_instance_uid, step.modality) == ("1.2.826.0.1.3680043.8.498.2", "MR")
    assert (step.procedure_text, step.scheduled_at) == ("MR głowy", warsaw(2026, 11, 24, 11, 30))


def test_steps_of_one_study_are_one() -> None:
    order = _ordered(
        "ORC|NW|P1|F1", "OBR|1|P1|F1|X^Badanie", "IPC|A1|RP1|1.2.3|S1|CT||||AE1~AE2", "IPC|A1|RP1|1.2.3|S2|CT",
        "IPC|A2|RP2|1.2.4|S3|PT", "ORC|NW|P2|F2", "OBR|2|P2|F2|Y", kind="OMI^O23",
    )  # fmt: skip

    said = [
        (step.accession_number.value if step.accession_number else "", step.scheduled_step_id)
        for step in order.steps
    ]
    assert said == [("A1", "S1"), ("A2", "S3"), ("", "")]
    assert order.steps[0].station == "AE1"


def test_one_zds_serves_all_orders() -> None:
    order = _ordered(
        "ORC|NW|P1|F1", "OBR|1|P1|F1|X", "ORC|NW|P2|F2", "OBR|2|P2|F2|Y", "ZDS|1.2.3^RIS^Application^DICOM"
    )

    assert [step.study_instance_uid for step in order.steps] == ["1.2.3", "1.2.3"]


@pytest.mark.parametrize(
    ("orc", "obr", "status", "withdrawn"),
    [
        ("ORC|NW|P1|F1||SC", "OBR|1|P1|F1", "planned", False),
        ("ORC|XO|P1|F1||IP", "OBR|1|P1|F1", "planned", False),
        ("ORC|SC|P1|F1||CM", "OBR|1|P1|F1", "performed", False),
        ("ORC|SC|P1|F1||A", "OBR|1|P1|F1", "performed", False),
        ("ORC|SC|P1|F1||IP", "OBR|1|P1|F1||||||||||||||||||||||R", "performed", False),
        ("ORC|CA|P1|F1||CA", "OBR|1|P1|F1", "cancelled", True),
        ("ORC|DC|P1|F1", "OBR|1|P1|F1", "cancelled", True),
        ("ORC|OC|P1|F1", "", "cancelled", True),
        ("ORC|SC|P1|F1||CA", "OBR|1|P1|F1", "cancelled", False),
    ],
)
def test_order_control_gives_the_status(orc: str, obr: str, status: str, *, withdrawn: bool) -> None:
    (step,) = _ordered(orc, *([obr] if obr else [])).steps

    assert (step.status, step.is_withdrawn) == (status, withdrawn)


@pytest.mark.parametrize(
    "segments",
    [
        ["ORC|NW|P1|F1", "TQ1|1||||||20261124113000+0100", "OBR|1|P1|F1"],
        ["ORC|NW|P1|F1", "OBR|1|P1|F1", "TQ1|1||||||20261124113000+0100"],
        ["ORC|NW|P1|F1||||1^^^20261124113000", "OBR|1|P1|F1"],
        ["ORC|NW|P1|F1", "OBR|1|P1|F1|" + "|" * 22 + "|1^^^20261124113000"],
        ["ORC|NW|P1|F1", "OBR|1|P1|F1|" + "|" * 32 + "20261124113000"],
    ],
)
def test_the_planned_time_has_many_places(segments: list[str]) -> None:
    (step,) = _ordered(*segments).steps

    assert step.scheduled_at == warsaw(2026, 11, 24, 11, 30)


def test_orders_without_numbers_are_refused() -> None:
    assert refusal(message(msh("ORM^O01"), PID, "ORC|NW", "OBR|1|||X")) == ("AE", "101", "ORC^1^3")
    assert refusal(message(msh("ORM^O01"), PID)) == ("AE", "100", "ORC^1")
    assert refusal(message(msh("ORM^O01"), "ORC|NW|P1|F1")) == ("AE", "101", "PID^1^3")


def test_one_order_without_number_is_left_out() -> None:
    read = understood(message(msh("ORM^O01"), PID, "ORC|NW", "OBR|1|||X", "ORC|NW|P1", "OBR|2|P1||Y"))

    assert "left out" in read.warnings[0]


def test_long_accession_numbers_are_left_out() -> None:
    (step,) = _ordered("ORC|NW|P1|F1", "OBR|1|P1|F1" + "|" * 15 + "9" * 65).steps

    assert step.accession_number is None


def _appointed(trigger: str, *segments: str) -> Appointment:
    return only(message(msh(f"SIU^{trigger}"), *segments), Appointment)


@pytest.mark.parametrize(
    ("trigger", "status"),
    [
        ("S12", "booked"),
        ("S13", "changed"),
        ("S14", "changed"),
        ("S15", "cancelled"),
        ("S17", "deleted"),
        ("S26", "no_show"),
    ],
)
def test_appointments_change(trigger: str, status: str) -> None:
    said = _appointed(
        trigger, "SCH|A1|B1|||||||||^^^20261124103000^20261124110000", PID, "AIS|1|A|CT^Tomografia"
    )

    assert (said.event, said.status, said.placer_number, said.filler_number) == (trigger, status, "A1", "B1")
    assert (said.starts_at, said.ends_at) == (warsaw(2026, 11, 24, 10, 30), warsaw(2026, 11, 24, 11))
    assert (said.service_code, said.service_text) == ("CT", "Tomografia")


def test_a_cancelled_status_counts() -> None:
    said = _appointed(
        "S14",
        "SCH|A1|B1" + "|" * 23 + "Cancelled|PL-1^HIS|FL-1^RIS",
        PID,
        "AIS|1|A|CT|20261124103000|||20|min",
    )

    assert said.status == "cancelled"
    assert said.ends_at == warsaw(2026, 11, 24, 10, 50)
    assert [number.value for number in said.order_numbers] == ["PL-1", "FL-1"]


def test_a_published_appointment(samples: Path) -> None:
    said = only((samples / "hl7/SIU-S12-01.hl7").read_bytes(), Appointment)

    assert (said.placer_number, said.filler_number, said.service_code) == ("12345", "36996", "76164006")
    assert said.starts_at is not None
    assert said.starts_at.isoformat() == "2021-09-24T09:30:00+02:15"
    assert said.ends_at is not None
    assert said.ends_at.isoformat() == "2021-09-24T10:20:00+02:15"


def test_appointments_need_numbers() -> None:
    assert refusal(message(msh("SIU^S12"), PID)) == ("AE", "100", "SCH^1")
    assert refusal(message(msh("SIU^S12"), "SCH||", PID)) == ("AE", "101", "SCH^1^2")
    assert refusal(message(msh("SIU^S12"), "SCH|A1")) == ("AE", "101", "PID^1^3")
    assert understood(message(msh("SIU^S23"), PID)).contents == ()


@pytest.mark.parametrize(
    ("said", "station"),
    [("CT1||AE1", "AE1"), ("CT1", "CT1"), ("CT1^RIS||", "CT1"), ("||AE1~AE2", "AE1"), ("", "")],
)
def test_station_is_the_title_else_the_name(said: str, station: str) -> None:
    """IPC-9 is the AE title, IPC-7 the station's name: many senders know one of them only."""
    ipc = f"IPC|A1|RP1|1.2.3|S1|CT||{said}"
    (step,) = _ordered("ORC|NW|P1|F1", "OBR|1|P1|F1|X^Badanie", ipc, kind="OMI^O23").steps
    assert step.station == station
