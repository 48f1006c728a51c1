from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from klisza.standards.hl7v2.facts import DELETED, Admission, Contact, Identifier
from klisza.standards.hl7v2.types import PESEL_ISSUER
from tests.standards.hl7 import PID, message, msh, only, refusal, understood, warsaw

MR = Identifier("000123", "1.2.3.4.5", "SZP01", "MR")


def _pid(**fields: str) -> str:
    """PID with other fields: _pid(f13="...")."""
    said = dict(enumerate(PID.split("|"))) | {int(key[1:]): value for key, value in fields.items()}
    return "|".join(said.get(number, "") for number in range(41)).rstrip("|")


def _said(pid: str, *others: str, kind: str = "ADT^A08") -> Admission:
    return only(message(msh(kind), pid, *others), Admission)


def test_a_new_patient_with_contacts(samples: Path) -> None:
    said = only((samples / "hl7/composed/adt_a28.hl7").read_bytes(), Admission)

    assert said.event == "A28"
    assert (said.stamp.at, said.stamp.control_id) == (warsaw(2026, 11, 23, 8, 14, 59), "HIS-0000101")
    assert said.person.identifiers == (MR, Identifier("60022912342", PESEL_ISSUER, "PESEL", "NNPOL"))
    assert (said.person.family_name, said.person.given_name) == ("Żółć-Gęślą", "Świętosława")
    assert (said.person.birth_date, said.person.sex, said.person.language) == (date(1960, 2, 29), "F", "pl")
    assert (said.person.email, said.person.mobile) == ("swietoslawa@example.org", "+48600100200")
    assert (said.person.is_dead, said.person.is_confidential) == (False, None)


def test_a_child_with_a_mother(samples: Path) -> None:
    (contact,) = only((samples / "hl7/composed/adt_a28_child.hl7").read_bytes(), Admission).person.contacts

    assert contact == Contact(
        "Śnieżek", "Halina", "MTH", "halina@example.org", "+48600300400",
        (Identifier("85010112346", PESEL_ISSUER, "PESEL", "NNPOL"),),
    )  # fmt: skip


def test_latin_2_and_hexadecimal_names(samples: Path) -> None:
    latin = only((samples / "hl7/synthetic/adt-a04-polish-8859-2.hl7").read_bytes(), Admission).person
    escaped = only((samples / "hl7/synthetic/adt-a04-polish-hex-escapes.hl7").read_bytes(), Admission).person

    assert (latin.family_name, latin.given_name) == ("Żółć-Gęślą", "Łucja")
    assert (escaped.family_name, escaped.given_name) == ("Żółć", "Jan")


@pytest.mark.parametrize(("name", "event"), [("adt_a40", "A40"), ("adt_a47", "A47")])
def test_merges_name_the_prior_patient(samples: Path, name: str, event: str) -> None:
    said = only((samples / f"hl7/composed/{name}.hl7").read_bytes(), Admission)

    assert said.event == event
    assert said.person.identifiers == (MR,)
    assert said.prior == (Identifier("000999", "1.2.3.4.5", "SZP01", "MR"),)


def test_several_pairs_in_one_merge() -> None:
    other = PID.replace("000123", "000555")
    raw = message(
        msh("ADT^A40"), PID, "MRG|000999^^^SZP01", "PV1|1|N", other, "PD1|", "MRG|1^^^SZP01~2^^^SZP01"
    )

    first, second = understood(raw).contents

    assert isinstance(first, Admission)
    assert isinstance(second, Admission)
    assert [identifier.value for identifier in first.prior] == ["000999"]
    assert second.person.identifiers[0].value == "000555"
    assert [identifier.value for identifier in second.prior] == ["1", "2"]


@pytest.mark.parametrize(
    "trigger", ["A18", "A30", "A34", "A36", "A39", "A40", "A43", "A45", "A46", "A47", "A49"]
)
def test_what_needs_a_prior_patient_is_refused_without(trigger: str) -> None:
    assert refusal(message(msh(f"ADT^{trigger}"), PID)) == ("AE", "101", "MRG^1^1")
    assert refusal(message(msh(f"ADT^{trigger}"), PID, "MRG||2")) == ("AE", "101", "MRG^1^1")


@pytest.mark.parametrize("trigger", ["A24", "A37"])
def test_links_name_two_patients(trigger: str) -> None:
    said = _said(PID, PID.replace("000123", "000555"), kind=f"ADT^{trigger}")

    assert said.second is not None
    assert said.second.identifiers[0].value == "000555"
    assert refusal(message(msh(f"ADT^{trigger}"), PID)) == ("AE", "101", "PID^2^3")


@pytest.mark.parametrize("trigger", ["A01", "A03", "A06", "A11", "A13", "A31", "A38", "A29", "A23"])
def test_other_events_state_the_person(trigger: str) -> None:
    said = _said(PID, kind=f"ADT^{trigger}")

    assert (said.event, said.person.family_name) == (trigger, "Kowalska")


@pytest.mark.parametrize("trigger", ["A17", "A20", "A41", "A50"])
def test_events_without_use_are_accepted(trigger: str) -> None:
    assert understood(message(msh(f"ADT^{trigger}"), PID)).contents == ()


def test_msh_9_wins_over_evn_1(samples: Path) -> None:
    read = understood((samples / "hl7/lfh/adt-a34.hl7").read_bytes())

    assert read.header.trigger == "A34"
    assert read.warnings == ("EVN-1 contradicts MSH-9; MSH-9 counts",)


def test_old_messages_take_the_event_from_evn() -> None:
    raw = message(msh("ADT", f12="2.1"), "EVN|A08|20261122", "PID||000123||||||")

    assert understood(raw).header.trigger == "A08"
    assert only(raw, Admission).stamp.at == warsaw(2026, 11, 22)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"f3": "", "f2": "77^^^HIS"}, ["77"]),
        ({"f3": "", "f4": "78"}, ["78"]),
        ({"f3": '""^^^HIS~79^^^HIS'}, ["79"]),
        ({"f19": "44051401359"}, ["000123", "44051401359"]),
        ({"f2": "44051401359"}, ["000123", "44051401359"]),
        ({"f19": "123121234"}, ["000123"]),
        ({"f19": "44051401358"}, ["000123"]),
    ],
)
def test_identifiers_come_from_old_places_too(fields: dict[str, str], expected: list[str]) -> None:
    assert [identifier.value for identifier in _said(_pid(**fields)).person.identifiers] == expected


@pytest.mark.parametrize("pid", [_pid(f3=""), _pid(f3="^^^SZP01"), _pid(f3='""'), "PID|1"])
def test_a_patient_without_identifier_is_refused(pid: str) -> None:
    assert refusal(message(msh("ADT^A08"), pid)) == ("AE", "101", "PID^1^3")
    assert refusal(message(msh("ADT^A08"), "EVN|A08")) == ("AE", "101", "PID^1^3")


def test_null_removes_and_empty_keeps() -> None:
    removed, silent = _said(_pid(f13='""')).person, _said(_pid(f13="")).person

    assert (removed.email, removed.mobile) == (DELETED, DELETED)
    assert (silent.email, silent.mobile) == ("", "")


def test_pid_40_replaces_pid_13() -> None:
    person = _said(_pid(f40="^PRS^CP^^48^^600100200~^PRS^Internet^anna@example.org")).person

    assert (person.email, person.mobile) == ("anna@example.org", "+48600100200")


def test_work_numbers_are_not_used() -> None:
    assert _said(_pid(f14="^WPN^CP^^48^600^100200")).person.mobile == ""


@pytest.mark.parametrize(
    ("fields", "is_dead"),
    [({"f30": "Y"}, True), ({"f30": "N"}, False), ({"f29": "20260101"}, True), ({}, None)],
)
def test_death_is_read(fields: dict[str, str], is_dead: bool | None) -> None:
    assert _said(_pid(**fields)).person.is_dead is is_dead


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (["PD1||||||||||||Y"], True),
        (["PD1||||||||||||N"], False),
        (["PD1|"], None),
        (["ARV|1|A|DEM"], True),
        (["ARV|1|A|NO"], False),
        (["ARV|1|D|DEM"], None),
        (["PD1||||||||||||Y", "ARV|1|A|NO"], True),
        (["PV1|1|I", "ARV|1|A|DEM"], None),
    ],
)
def test_confidential_patients_are_marked(segments: list[str], expected: bool | None) -> None:
    assert _said(PID, *segments).person.is_confidential is expected


@pytest.mark.parametrize(
    ("written", "language"), [("pl", "pl"), ("pol^Polish", "pl"), ("UKR", "uk"), ("pl-PL", "pl"), ("xx", "")]
)
def test_language_is_two_letters(written: str, language: str) -> None:
    assert _said(_pid(f15=written)).person.language == language


def test_wrong_dates_are_left_out() -> None:
    read = understood(message(msh("ADT^A08", f7="wczoraj"), "EVN|A08|20261350", _pid(f7="19610229", f29="x")))
    (said,) = read.contents

    assert isinstance(said, Admission)
    assert (said.person.birth_date, said.person.died_at) == (None, None)
    assert {warning.split(":")[0] for warning in read.warnings} >= {"MSH-7", "EVN-2", "PID-7", "PID-29"}


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        ("20261123074500+0100", warsaw(2026, 11, 23, 7, 45)),
        ("20261123", warsaw(2026, 11, 23, 8, 15)),  # the day only: MSH-7 says more
        ("20261122", warsaw(2026, 11, 22)),
        ("20290801070624", warsaw(2026, 11, 23, 8, 15)),  # after the message was sent
        ("", warsaw(2026, 11, 23, 8, 15)),
    ],
)
def test_the_stamp_is_the_best_time_said(recorded: str, expected: datetime) -> None:
    assert _said(f"EVN|A08|{recorded}", PID).stamp.at == expected
