from __future__ import annotations

from pathlib import Path

import pytest

from klisza.standards.hl7v2.facts import Document, Identifier
from tests.standards.hl7 import PID, message, msh, only, refusal, understood, warsaw

EVN = "EVN|T02|20261125100000+0100"


def _txa(**fields: str) -> str:
    said = {0: "TXA", 1: "1", 2: "18842-5^Karta informacyjna^LN", 12: "DOC-1^HIS", 17: "AU", 19: "AV"}
    said |= {int(key[1:]): value for key, value in fields.items()}
    return "|".join(said.get(place, "") for place in range(24)).rstrip("|")


def _document(txa: str, *others: str, trigger: str = "T02") -> Document:
    return only(message(msh(f"MDM^{trigger}"), EVN, PID, "PV1|1|O|ODDZ", *others, txa), Document)


def test_a_new_document(samples: Path) -> None:
    path = samples / "hl7/composed/mdm_t02.hl7"
    said = only(path.read_bytes(), Document)

    assert (said.event, said.unique_number, said.parent_number) == ("T02", "DOC-9001", "")
    assert (said.document_type, said.title, said.author) == ("18842-5", "Discharge summary", "Ewa Wiśniewska")
    assert (said.completion, said.confidentiality, said.availability) == ("LA", "", "AV")
    assert (said.issued_at, said.stamp.at) == (warsaw(2026, 11, 25, 9, 55), warsaw(2026, 11, 25, 10))
    assert said.steps[0].placer_number == Identifier("PL-5501", "HIS", "HIS")
    assert said.steps[0].filler_number == Identifier("FL-7701", "RIS", "RIS")
    assert said.attachments[0].media_type == "application/pdf"
    assert "TXA-12 is empty" in understood(path.read_bytes()).warnings[0]


def test_a_cancelled_document(samples: Path) -> None:
    said = only((samples / "hl7/composed/mdm_t11.hl7").read_bytes(), Document)

    assert (said.event, said.unique_number, said.availability, said.steps) == ("T11", "DOC-9001", "CA", ())


@pytest.mark.parametrize("trigger", [f"T{number:02}" for number in range(1, 12)])
def test_all_events_are_read(trigger: str) -> None:
    said = _document(_txa(f13="DOC-0^HIS", f18="R"), trigger=trigger)

    assert (said.event, said.parent_number, said.confidentiality) == (trigger, "DOC-0", "R")


def test_the_examination_by_number() -> None:
    by_txa = _document(_txa(f14="PL-1^HIS", f15="FL-1^RIS"))
    by_obr = _document(
        _txa(f15="FL-1^RIS"), "ORC|RE|PL-1^HIS|FL-1^RIS", "OBR|1|PL-1^HIS|FL-1^RIS|CT^Tomografia"
    )

    assert by_txa.steps[0].filler_number == Identifier("FL-1", "RIS", "RIS")
    assert [step.procedure_text for step in by_obr.steps] == ["Tomografia"]
    assert _document(_txa()).steps == ()


def test_text_of_a_document() -> None:
    raw = message(msh("MDM^T02"), PID, _txa(), r"OBX|1|FT|1^Opis||Pierwszy\.br\wiersz||||||F")
    (section,) = only(raw, Document).sections

    assert section.paragraphs == ("Pierwszy\nwiersz",)


def test_documents_need_a_number() -> None:
    assert refusal(message(msh("MDM^T02"), PID, _txa(f12=""))) == ("AE", "101", "TXA^1^12")
    assert refusal(message(msh("MDM^T02"), PID)) == ("AE", "100", "TXA^1")
    assert refusal(message(msh("MDM^T02"), _txa())) == ("AE", "101", "PID^1^3")


def test_a_published_document(samples: Path) -> None:
    said = only((samples / "hl7/MDM-T02-01.hl7").read_bytes(), Document)

    assert said.unique_number == "1.2.840.317.5947431.51.20080131160038"
    assert said.parent_number == "1.2.840.317.5947431.51.20080131155715"
    assert (said.completion, said.author) == ("AU", "IvanDoctorovich")
    assert [step.procedure_text for step in said.steps] == ["TransthoracicEcho"]
