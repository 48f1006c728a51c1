from __future__ import annotations

import random
import struct
from datetime import date, time

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from klisza.standards.dicom import inflate
from klisza.standards.dicom.errors import Contradiction, TooComplex, Unreadable
from klisza.standards.dicom.header import read_header
from tests.gateways.objects import DEFLATED, EXPLICIT, IMPLICIT, dataset, encode

MUTANTS = 300


def _element(tag: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED])
def test_the_index_values_are_found(syntax: str) -> None:
    header = read_header(encode(dataset(NumberOfFrames="2"), syntax), syntax)

    assert (header.patient_id, header.patient_name, header.modality) == ("MRN1", "Nowak^Anna", "CT")
    assert (header.study_date, header.study_time) == (date(2026, 1, 2), time(10, 11, 12, 500_000))
    assert (header.rows, header.columns, header.number_of_frames, header.instance_number) == (8, 8, 2, 7)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_pixel_data_is_located(syntax: str) -> None:
    data = encode(dataset(PixelData=b"\x11\x22" * 64), syntax)

    pixels = read_header(data, syntax).pixel_data

    assert pixels is not None
    assert data[pixels.offset : pixels.offset + pixels.length] == b"\x11\x22" * 64


def test_fragments_are_located() -> None:
    def item(body: bytes) -> bytes:
        return struct.pack("<HHL", 0xFFFE, 0xE000, len(body)) + body

    head = encode(dataset(PixelData=None))
    body = struct.pack("<HH2sHL", 0x7FE0, 0x10, b"OB", 0, 0xFFFFFFFF)
    body += item(b"") + item(b"abcd") + item(b"ef") + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)

    pixels = read_header(head + body, EXPLICIT).pixel_data

    assert pixels is not None
    assert [(head + body)[start : start + size] for start, size in pixels.fragments] == [b"abcd", b"ef"]


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("undefined", [True, False])
def test_nested_identifiers_are_found(syntax: str, undefined: bool) -> None:
    qualifiers, request = Dataset(), Dataset()
    qualifiers.UniversalEntityID, request.AccessionNumber = "1.2.3", "FROM-REQUEST"
    made = dataset(
        AccessionNumber="",
        IssuerOfPatientIDQualifiersSequence=Sequence([qualifiers]),
        RequestAttributesSequence=Sequence([request]),
    )
    for keyword in ("IssuerOfPatientIDQualifiersSequence", "RequestAttributesSequence"):
        made[keyword].is_undefined_length = undefined

    header = read_header(encode(made, syntax), syntax)

    assert (header.universal_entity_id, header.accession_number) == ("1.2.3", "FROM-REQUEST")


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("undefined", [True, False])
def test_each_requested_accession_has_its_issuer(syntax: str, undefined: bool) -> None:
    def request(number: str, **issuer: str) -> Dataset:
        made, entity = Dataset(), Dataset()
        made.AccessionNumber = number
        for keyword, value in issuer.items():
            setattr(entity, keyword, value)
        made.IssuerOfAccessionNumberSequence = Sequence([entity] if issuer else [])
        made["IssuerOfAccessionNumberSequence"].is_undefined_length = undefined
        return made

    items = [request("B2", LocalNamespaceEntityID="RIS"), request("A1", UniversalEntityID="1.2"), request("")]
    own = Dataset()
    own.LocalNamespaceEntityID = "OWN"
    made = dataset(
        AccessionNumber="C3",
        IssuerOfAccessionNumberSequence=Sequence([own]),
        RequestAttributesSequence=Sequence(items),
    )

    header = read_header(encode(made, syntax), syntax)

    assert header.requested_accessions == (("A1", "1.2"), ("B2", "RIS"))
    assert (header.accession_number, header.accession_issuer) == ("C3", "OWN")


def test_requests_are_bounded() -> None:
    items = [Dataset() for _ in range(1000)]
    for number, item in enumerate(items):
        item.AccessionNumber = f"A{number:04d}"

    header = read_header(encode(dataset(RequestAttributesSequence=Sequence(items))), EXPLICIT)

    assert len(header.requested_accessions) == 32


def _escaped(text: str) -> bytes:
    """Latin-2 as ISO 2022 brings it into G1, again after each delimiter."""
    return b"\x1b-B" + text.encode("iso8859-2")


@pytest.mark.parametrize(
    ("charset", "raw", "override", "name"),
    [
        ("ISO_IR 192", "Żółć^Łucja".encode(), "", "Żółć^Łucja"),
        ("ISO_IR 101", "Żółć^Łucja".encode("iso8859-2"), "", "Żółć^Łucja"),
        ("ISO_IR 100", "Żółć^Łucja".encode("iso8859-2"), "ISO_IR 101", "Żółć^Łucja"),
        ("ISO_IR 192", "Żółć".encode(), "ISO_IR 101", "Żółć"),
        ("nonsense", b"Nowak", "", "Nowak"),
        ("ISO_IR 100", "Müller^Jörg".encode("latin-1"), "", "Müller^Jörg"),
        ("", b"Nowak^Anna", "", "Nowak^Anna"),
        ("", "Żółć^Łucja".encode("iso8859-2"), "ISO_IR 101", "Żółć^Łucja"),
        ("ISO 2022 IR 101", "Żółć^Łucja".encode("iso8859-2"), "", "Żółć^Łucja"),
        ("\\ISO 2022 IR 101", _escaped("Żółć") + b"^" + _escaped("Łucja"), "", "Żółć^Łucja"),
        ("ISO_IR 109", "Ħal^Ġorġ".encode("iso8859-3"), "", "Ħal^Ġorġ"),
        ("ISO-IR 101", "Żółć".encode("iso8859-2"), "", "Żółć"),
        ("ISO_IR 100", "Świątek^Łucja".encode("cp1250"), "windows-1250", "Świątek^Łucja"),
        ("ISO_IR 101", "Świątek^Łucja".encode("cp1250"), "windows-1250", "Świątek^Łucja"),
        ("", "Świątek^Łucja".encode("cp1250"), "cp1250", "Świątek^Łucja"),
        ("ISO_IR 192", "Świątek^Łucja".encode("cp1250"), "windows-1250", "Świątek^Łucja"),
        ("ISO_IR 192", "Świątek^Łucja".encode(), "windows-1250", "Świątek^Łucja"),
        ("ISO_IR 101", "Żółć".encode("iso8859-2"), "ISO_IR 192", "Żółć"),
        ("ISO_IR 192", b"\xff\xfe\x00x\x07", "", "\ufffd\ufffdx"),
        ("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B", "", "Yamada^Tarou=山田"),
    ],
)
def test_text_is_read_in_its_charset(charset: str, raw: bytes, override: str, name: str) -> None:
    encoded = charset.encode() + b" " * (len(charset) % 2)
    data = _element(0x00080005, b"CS", encoded) + _element(0x00100010, b"PN", raw + b" " * (len(raw) % 2))

    assert read_header(data, EXPLICIT, charset=override).patient_name == name


@pytest.mark.parametrize("value", ["2026.01.02", "20260102"])
def test_old_dates_are_read(value: str) -> None:
    assert read_header(_element(0x00080020, b"DA", value.encode()), EXPLICIT).study_date == date(2026, 1, 2)


@pytest.mark.parametrize("value", [b"20261399", b"1990/01/", b"abc ", b"    "])
def test_malformed_dates_are_none(value: bytes) -> None:
    assert read_header(_element(0x00080020, b"DA", value), EXPLICIT).study_date is None


def test_trailing_zeros_are_padding() -> None:
    assert read_header(encode(dataset()) + bytes(512), EXPLICIT).patient_id == "MRN1"


def test_a_broken_private_sequence_is_stepped_over() -> None:
    broken = struct.pack("<HH2sHL", 0x0009, 0x1001, b"SQ", 0, 10) + b"0123456789"

    assert read_header(broken + _element(0x00100020, b"LO", b"MRN1"), EXPLICIT).patient_id == "MRN1"


def test_two_patient_ids_are_a_contradiction() -> None:
    data = _element(0x00100020, b"LO", b"MRN1") + _element(0x00100020, b"LO", b"MRN2")

    with pytest.raises(Contradiction):
        read_header(data, EXPLICIT)


@pytest.mark.parametrize("cut", [1, 7, 60, 130])
def test_a_cut_object_is_unreadable(cut: int) -> None:
    with pytest.raises(Unreadable):
        read_header(encode(dataset())[:-cut], EXPLICIT)


def test_too_many_elements_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("klisza.standards.dicom.scan.MAX_ELEMENTS", 100)

    with pytest.raises(TooComplex):
        read_header(_element(0x00091001, b"LO", b"") * 200, EXPLICIT)


def test_inflating_ends_at_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflate, "HARMLESS", 1_000_000)

    with pytest.raises(TooComplex):
        read_header(encode(dataset(PixelData=bytes(8_000_000)), DEFLATED), DEFLATED)


def test_a_large_deflated_object_is_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflate, "IN_MEMORY", 1000)

    assert read_header(encode(dataset(PixelData=bytes(50_000)), DEFLATED), DEFLATED).rows == 8


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED])
@pytest.mark.parametrize("count", [MUTANTS, pytest.param(10_000, marks=pytest.mark.long)])
def test_mutants_are_read_or_refused(syntax: str, count: int) -> None:
    """T-35: whatever the bytes, an answer or Unreadable."""
    inner = Dataset()
    inner.AccessionNumber = "A"
    original = encode(dataset(RequestAttributesSequence=Sequence([inner])), syntax)
    dice = random.Random(20_260_101)
    for _ in range(count):
        mutant = bytearray(original)
        for _ in range(dice.randint(1, 8)):
            mutant[dice.randrange(len(mutant))] = dice.choice(
                (0, 1, 0x7F, 0x80, 0xFE, 0xFF, dice.randrange(256))
            )
        try:
            read_header(
                bytes(mutant[: dice.randint(1, len(mutant))] if dice.random() < 0.2 else mutant), syntax
            )
        except Unreadable:
            continue
