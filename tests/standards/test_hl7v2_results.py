from __future__ import annotations

import base64
from pathlib import Path

import pytest

from klisza.standards.hl7v2.facts import Pointer, Result, Results, Section
from tests.standards.hl7 import PID, message, msh, only, refusal, understood, warsaw

STUDY = "1.2.826.0.1.3680043.8.498.18002792960936403681069136198686193302"
PDF = b"%PDF-1.4\n" + bytes(range(256))


def _obr(number: str = "FL-1", status: str = "F", **fields: str) -> str:
    said = {0: "OBR", 1: "1", 2: "PL-1^HIS", 3: f"{number}^RIS", 4: "CT^Tomografia", 18: "ACC1", 25: status}
    said |= {int(key[1:]): value for key, value in fields.items()}
    return "|".join(said.get(place, "") for place in range(40)).rstrip("|")


def _obx(
    value: str, kind: str = "FT", *, status: str = "F", code: str = "18782-3^Opis", sub: str = "", n: int = 1
) -> str:
    return f"OBX|{n}|{kind}|{code}|{sub}|{value}||||||{status}"


def _reported(*segments: str) -> tuple[Result, ...]:
    return only(message(msh("ORU^R01"), PID, *segments), Results).results


def _result(*segments: str) -> Result:
    (result,) = _reported(*segments)
    return result


def _sample(samples: Path, name: str) -> Result:
    (result,) = only((samples / f"hl7/composed/{name}.hl7").read_bytes(), Results).results
    return result


def test_a_final_report_in_text(samples: Path) -> None:
    result = _sample(samples, "oru_final_tx")

    assert (result.key, result.status, result.is_addendum) == ("FL-7701", "F", False)
    assert result.sections == (
        Section(
            "18782-3",
            "Radiology Study observation",
            (
                "Płuca bez zmian ogniskowych.\nŚródpiersie: węzły chłonne do 8 mm & prawidłowe.\nWymiar 12 ^ 2",
            ),
        ),
        Section("19005-8", "Radiology Imaging study [Impression]", ("Wniosek: obraz prawidłowy.",)),
    )
    assert result.study_instance_uids == (STUDY,)
    assert (result.stamp.at, result.stamp.control_id) == (warsaw(2026, 11, 24, 14, 59), "RIS-0000301")
    assert (result.performed_at, result.interpreter) == (warsaw(2026, 11, 24, 10, 35), "dr n. med. Jan Nowak")
    (step,) = result.steps
    assert step.accession_number is not None
    assert (step.accession_number.value, step.requested_procedure_id, step.status) == (
        "ACC0001",
        "RP0001",
        "performed",
    )


@pytest.mark.parametrize(
    ("name", "status", "statuses", "addendum"),
    [
        ("oru_prelim", "P", {"P"}, False),
        ("oru_final_tx", "F", {"F"}, False),
        ("oru_final_pdf", "F", {"F"}, False),
        ("oru_corr_pdf", "C", {"C"}, False),
        ("oru_addendum", "F", {"A"}, True),
        ("oru_delete", "X", {"D"}, False),
        ("oru_rp", "F", {"F"}, False),
    ],
)
def test_statuses_of_the_life_of_a_report(
    samples, name: str, status: str, statuses: set[str], *, addendum: bool
) -> None:
    result = _sample(samples, name)

    assert (result.key, result.status, result.observation_statuses) == ("FL-7701", status, statuses)
    assert result.is_addendum is addendum


def test_a_pdf_is_decoded(samples: Path) -> None:
    (attachment,) = _sample(samples, "oru_final_pdf").attachments

    assert attachment.data.startswith(b"%PDF-1.4\n1 0 obj")
    assert attachment.data.endswith(b"%%EOF\n")
    assert (attachment.media_type, attachment.title) == ("application/pdf", "Diagnostic imaging study")


def test_text_and_pdf_together(samples: Path) -> None:
    (result,) = only((samples / "hl7/synthetic/oru-r01-polish-pdf.hl7").read_bytes(), Results).results

    assert (result.key, result.steps[0].procedure_text) == ("RM/2026/0123", "MR głowy")
    assert result.sections == (
        Section("18748-4", "Opis", ("Nie uwidoczniono zmian ogniskowych.\nWniosek: prawidłowy.",)),
    )
    assert [attachment.media_type for attachment in result.attachments] == ["application/pdf"]


def test_a_pointer_is_kept_not_fetched(samples: Path) -> None:
    assert _sample(samples, "oru_rp").pointers == (
        Pointer("https://ris.szpital.example/r/7701.pdf", "application/pdf"),
    )
    assert (
        _result(_obr(), _obx("http://x.example/?a=1&b=2^^text^html", "RP"))
        .pointers[0]
        .url.endswith("?a=1&b=2")
    )


def test_lines_become_paragraphs() -> None:
    lines = [_obx(text, "TX", n=n) for n, text in enumerate(["Linia 1", "linia 2", "", "Drugi"], start=1)]

    (section,) = _result(_obr(), *lines).sections

    assert section.paragraphs == ("Linia 1\nlinia 2", "Drugi")


def test_lines_go_by_their_numbers() -> None:
    lines = [_obx("trzecia", "TX", n=10), _obx("pierwsza", "TX", n=1), _obx("druga", "TX", n=2)]

    assert _result(_obr(), *lines).sections[0].paragraphs == ("pierwsza\ndruga\ntrzecia",)


def test_repetitions_of_text() -> None:
    assert _result(_obr(), _obx(r"Jeden~Dwa\.br\\.br\Trzy", "FT")).sections[0].paragraphs == (
        "Jeden",
        "Dwa",
        "Trzy",
    )
    assert _result(_obr(), _obx("Jeden~dwa", "TX")).sections[0].paragraphs == ("Jeden\ndwa",)


@pytest.mark.parametrize(
    ("obx", "paragraph"),
    [
        (_obx("RR 120^80 & dalej", "TX"), "RR 120^80 & dalej"),
        (_obx(r"a\X0D0A\b", "FT"), "a\nb"),
        (_obx("RID1^Bez zmian^RadLex", "CE"), "Bez zmian"),
        (_obx("^^^X^Inaczej", "CWE"), "Inaczej"),
        ("OBX|1|NM|1^Masa||72|kg|||||F", "72 kg"),
        ("OBX|1|SN|1^Masa||>^100|mg|||||F", "> 100 mg"),
        (_obx("<b>tekst</b> <script>", "TX"), "<b>tekst</b> <script>"),
        (_obx("bez typu", ""), "bez typu"),
    ],
)
def test_kinds_of_text(obx: str, paragraph: str) -> None:
    assert _result(_obr(), obx).sections[0].paragraphs == (paragraph,)


def test_null_text_is_none() -> None:
    assert _result(_obr(), _obx('""')).sections == ()


def _attached(components: str) -> list[tuple[bytes, str]]:
    result = _result(_obr(), _obx(components, "ED"))
    return [(attachment.data, attachment.media_type) for attachment in result.attachments]


B64 = base64.b64encode(PDF).decode()


@pytest.mark.parametrize(
    "components",
    [
        f"RIS^application^pdf^Base64^{B64}",
        f"^AP^PDF^BASE64^{B64}",
        f"^application^Octet-stream^^{B64}",
        f"^application^pdf^Base64^data:application/pdf;base64,{B64}",
        f"^application^pdf^{B64}",
        f"^application^pdf^{B64}^Base64",
        B64,
        f"^application^pdf^Base64^{B64[:40]}\n{B64[40:80]}\r\n  {B64[80:]}",
        f"^application^pdf^Base64^{B64[:40]}\\.br\\{B64[40:]}",
        f"^application^pdf^Base64^{B64[:40]}\\X0D0A\\{B64[40:]}",
        f"^application^pdf^Base64^{B64.rstrip('=')}",
        f"^application^pdf^Base64^{B64.translate(str.maketrans('+/', '-_'))}",
        f"^application^pdf^Hex^{PDF.hex()}",
        f"^application^pdf^A^{B64}",
    ],
)
def test_embedded_files_are_found(components: str) -> None:
    assert _attached(components) == [(PDF, "application/pdf")]


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"<?xml version='1.0'?><ClinicalDocument/>", "text/xml"),
        (b"\xef\xbb\xbf<ClinicalDocument xmlns='urn:hl7-org:v3'/>", "text/xml"),
        (b"{\\rtf1 tekst}", "text/rtf"),
        (b"\xff\xd8\xff\xe0JFIF", "image/jpeg"),
        (b"MZ\x90\0", ""),
    ],
)
def test_files_are_named_by_their_bytes(data: bytes, media_type: str) -> None:
    assert _attached(f"^application^pdf^Base64^{base64.b64encode(data).decode()}") == [(data, media_type)]


def test_xml_as_text_keeps_its_encoding() -> None:
    xml = r'<?xml version="1.0" encoding="iso-8859-2"?><ClinicalDocument>Żółć \T\amp; \F\</ClinicalDocument>'

    ((data, media_type),) = _attached(f"^TEXT^XML^A^{xml}")

    assert media_type == "text/xml"
    assert "Żółć &amp; |" in data.decode("iso-8859-2")


def test_plain_text_is_named_when_said() -> None:
    assert _attached("^TEXT^plain^A^Bez zmian ogniskowych") == [(b"Bez zmian ogniskowych", "text/plain")]


@pytest.mark.parametrize("padding", ["", "=", "==", "===="])
def test_too_little_or_too_much_padding_is_understood(padding: str) -> None:
    written = base64.b64encode(PDF).decode().rstrip("=") + padding
    assert _attached(f"^application^pdf^Base64^{written}") == [(PDF, "application/pdf")]


@pytest.mark.parametrize("data", ["JVBERi0!!!!", "A" * 25, "JVBER=AAA", "Żółć" * 10])
def test_broken_files_are_refused(data: str) -> None:
    raw = message(
        msh("ORU^R01"), PID, _obr(), _obx("tekst"), _obx(f"^application^pdf^Base64^{data}", "ED", n=2)
    )

    assert refusal(raw) == ("AE", "102", "OBX^2^5")


def test_a_file_without_data_is_a_warning() -> None:
    read = understood(message(msh("ORU^R01"), PID, _obr(), _obx("^application^pdf^Base64^", "ED")))

    assert read.warnings == ("OBX-5: an attachment without data",)


def test_several_files_are_several() -> None:
    result = _result(
        _obr(),
        _obx(f"^AP^PDF^Base64^{B64}", "ED"),
        _obx(f"^AP^PDF^Base64^{B64}~^AP^PDF^Base64^{B64}", "ED", n=2),
    )

    assert len(result.attachments) == 3


def test_grouped_procedures_share_one_text() -> None:
    result = _result(
        _obr("FL-1", f4="CTKLP"), _obr("FL-2", f4="CTBRZ"), _obr("FL-3", f4="CTMIED"), _obx("Jeden opis")
    )

    assert result.key == "FL-1"
    assert [step.procedure_code for step in result.steps] == ["CTKLP", "CTBRZ", "CTMIED"]
    assert _result(_obr("FL-1"), _obx("Jeden opis"), _obr("FL-2")).key == "FL-1"


def test_procedures_with_own_texts_are_apart() -> None:
    first, second = _reported(_obr("FL-1"), _obx("Pierwszy"), _obr("FL-2"), _obx("Drugi"))

    assert (first.key, second.key) == ("FL-1", "FL-2")
    assert second.sections[0].paragraphs == ("Drugi",)


def test_another_status_is_another_report() -> None:
    waiting, final = _reported(_obr("FL-1", "S"), _obr("FL-2", "F"), _obx("Opis"))

    assert (waiting.key, waiting.status, waiting.sections) == ("FL-1", "S", ())
    assert (final.key, final.status) == ("FL-2", "F")


def test_texts_of_one_filler_number_are_one_report() -> None:
    result = _result(_obr(f4="A"), _obx("Pierwszy"), _obr(f4="B"), _obx("Drugi", code="19005-8^Wniosek"))

    assert [section.code for section in result.sections] == ["18782-3", "19005-8"]
    assert [step.procedure_code for step in result.steps] == ["A", "B"]


def test_reports_of_two_patients() -> None:
    other = PID.replace("000123", "000555")
    raw = message(msh("ORU^R01"), PID, _obr("FL-1"), _obx("Pierwszy"), other, _obr("FL-2"), _obx("Drugi"))

    contents = understood(raw).contents

    keys = [
        (content.person.identifiers[0].value, content.results[0].key)
        for content in contents
        if isinstance(content, Results)
    ]
    assert keys == [("000123", "FL-1"), ("000555", "FL-2")]


@pytest.mark.parametrize(
    ("fields", "key"),
    [({}, "FL-1"), ({"f3": ""}, "ACC1"), ({"f3": "", "f18": ""}, "PL-1")],
)
def test_the_key_of_a_report(fields: dict[str, str], key: str) -> None:
    assert _result(_obr(**fields), _obx("Opis")).key == key


def test_a_report_needs_a_number() -> None:
    assert refusal(message(msh("ORU^R01"), PID, _obr(f2="", f3="", f18=""))) == ("AE", "101", "OBR^1^3")
    assert refusal(message(msh("ORU^R01"), PID)) == ("AE", "100", "OBR^1")
    assert refusal(message(msh("ORU^R01"), _obr(), _obx("Opis"))) == ("AE", "101", "PID^1^3")


@pytest.mark.parametrize(
    ("written", "observation", "status", "warned"),
    [
        ("F", "F", "F", False), ("C", "C", "C", False), ("P", "F", "P", False), ("X", "F", "X", False), ("R", "R", "R", False),
        ("", "F", "", True), ("Q", "F", "", True), ("D", "F", "X", True), ("W", "F", "X", True),
        ("F", "D", "X", True), ("F", "W", "X", True), ("C", "X", "X", True), ("F", "P", "P", True), ("F", "", "F", False),
    ],
)  # fmt: skip
def test_both_tables_of_status_are_read(written: str, observation: str, status: str, *, warned: bool) -> None:
    read = understood(message(msh("ORU^R01"), PID, _obr(status=written), _obx("Opis", status=observation)))
    (content,) = read.contents

    assert isinstance(content, Results)
    assert content.results[0].status == status
    assert bool(read.warnings) is warned


def test_wrong_patient_is_said() -> None:
    assert "W" in _result(_obr(status="W"), _obx("Opis")).observation_statuses
    assert "W" in _result(_obr(status="X"), _obx("Opis", status="W")).observation_statuses


@pytest.mark.parametrize(
    ("obr", "obx", "addendum", "key", "parent"),
    [
        (_obr(), _obx("Opis", status="A"), True, "FL-1", ""),
        (_obr(), _obx("ADDENDUM: porównano"), True, "FL-1", ""),
        (_obr(), _obx("Uzupełnienie: porównano"), True, "FL-1", ""),
        (_obr(), _obx("Opis", sub="2"), True, "FL-1/2", "FL-1"),
        (_obr(status="C"), _obx("Opis", sub="2"), True, "FL-1/2", "FL-1"),
        (_obr(f29="PL-0&HIS^FL-0&RIS"), _obx("Opis"), True, "FL-1", "FL-0"),
        (_obr(f29="PL-1&HIS^FL-1&RIS"), _obx("Opis"), False, "FL-1", ""),
        (_obr(), _obx("Opis", sub="1"), False, "FL-1", ""),
        (_obr(), _obx("Opis"), False, "FL-1", ""),
        (_obr(status="X"), _obx("ADDENDUM", status="D"), False, "FL-1", ""),
    ],
)
def test_addenda_are_told_apart(obr: str, obx: str, key: str, parent: str, *, addendum: bool) -> None:
    result = _result(obr, obx)

    assert (result.is_addendum, result.key, result.parent_key) == (addendum, key, parent)


def test_a_mixed_text_is_no_addendum() -> None:
    assert not _result(_obr(), _obx("Opis"), _obx("Uzupełnienie", status="A", n=2)).is_addendum


@pytest.mark.parametrize(
    "obx",
    [
        f"OBX|1|HD|113014^DICOM Study^DCM||{STUDY}||||||O",
        f"OBX|1|ST|113014^DICOM Study^DCM||{STUDY}||||||F",
        f"OBX|1|UI|110180^Study Instance UID^DCM||{STUDY}||||||F",
        f"OBX|1|HD|^Study Instance UID||{STUDY}^^||||||F",
    ],
)
def test_studies_are_named(obx: str) -> None:
    result = _result(_obr(), obx, _obx("Opis", n=2), "OBX|3|ST|^Series Instance UID||1.2.3||||||F")

    assert result.study_instance_uids == (STUDY,)
    assert len(result.sections) == 1


def test_only_uids_are_uids() -> None:
    assert _result(_obr(), "OBX|1|ST|113014^DICOM Study^DCM||../../etc||||||F").study_instance_uids == ()


def test_the_interpreter_has_several_places() -> None:
    assert _result(_obr(), _obx("Opis"), "PRT|1|UC||PI|5^Nowak^Jan").interpreter == "Jan Nowak"
    assert _result(_obr(), _obx("Opis") + "|||||5^Nowak^Ewa").interpreter == "Ewa Nowak"


@pytest.mark.parametrize("trigger", ["R40", "R42"])
def test_alerts_are_accepted_without_use(trigger: str) -> None:
    assert understood(message(msh(f"ORU^{trigger}"), PID)).contents == ()


def test_a_published_structured_report(samples: Path) -> None:
    path = samples / "hl7/ORU^R01-SR.hl7"
    if not path.is_file():  # MPL: not in the core set
        return
    (result,) = only(path.read_bytes(), Results).results

    assert result.study_instance_uids == ("1.2.392.200036.9125.0.198811291108.7",)
    assert [section.code for section in result.sections][:3] == ["859776-5", "300332007", "309088003"]
    assert result.sections[2].paragraphs == ("Malignant neoplasm of left renal pelvis",)


def test_a_report_of_a_day_is_stamped_by_its_message() -> None:
    assert _result(_obr(f22="20261123"), _obx("Opis")).stamp.at == warsaw(2026, 11, 23, 8, 15)
    assert _result(_obr(f22="20261123080000+0100"), _obx("Opis")).stamp.at == warsaw(2026, 11, 23, 8)
