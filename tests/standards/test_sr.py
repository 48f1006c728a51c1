"""Structured reports: which of them are final, and what they say (hospital-integration.md 1.6)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, Sequence
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from klisza.standards.dicom.sr import read

BASIC_TEXT = "1.2.840.10008.5.1.4.1.1.88.11"


def coded(meaning: str, value: str = "X1") -> Sequence:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "LN", meaning
    return Sequence([code])


def item(
    kind: str, name: str, children: tuple[Dataset, ...] = (), *, relation: str = "CONTAINS", **values: Any
) -> Dataset:
    made = Dataset()
    made.RelationshipType, made.ValueType, made.ConceptNameCodeSequence = relation, kind, coded(name)
    for keyword, value in values.items():
        setattr(made, keyword, value)
    if children:
        made.ContentSequence = Sequence(children)
    return made


def report(*content: Dataset, **attributes: Any) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.SpecificCharacterSet = BASIC_TEXT, generate_uid(), "ISO_IR 192"
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "VERIFIED"
    ds.ContentDate, ds.ContentTime = "20261121", "101500"
    ds.ValueType, ds.ConceptNameCodeSequence = "CONTAINER", coded("Opis badania TK", "18748-4")
    ds.ContentSequence = Sequence(content)
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def written(ds: Dataset, folder: Path) -> str:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = (
        ds.SOPClassUID,
        ds.SOPInstanceUID,
    )
    dcmwrite(folder / "sr.dcm", ds, enforce_file_format=True)
    return str(folder / "sr.dcm")


CONTENT = (
    item("PNAME", "Person Observer Name", relation="HAS OBS CONTEXT", PersonName="Nowak^Jan"),
    item("CONTAINER", "Opis", (item("TEXT", "Finding", TextValue="Płuca bez zmian."),)),
    item(
        "CONTAINER",
        "Wniosek",
        (
            item("TEXT", "Conclusion", TextValue="Obraz prawidłowy.\r\nKontrola za rok."),
            item("CODE", "Ocena", ConceptCodeSequence=coded("BI-RADS 1")),
        ),
    ),
)


def test_containers_are_sections(tmp_path: Path) -> None:
    found = read(written(report(*CONTENT), tmp_path))
    assert found["sections"] == [
        {"title": "Opis", "paragraphs": ["Płuca bez zmian."]},
        {"title": "Wniosek", "paragraphs": ["Obraz prawidłowy.\r\nKontrola za rok.", "Ocena: BI-RADS 1"]},
    ]
    assert (found["is_final"], found["title"], found["date"]) == (True, "Opis badania TK", "20261121")
    assert found["titles"] == ["18748-4", "Opis badania TK"]


@pytest.mark.parametrize("flags", [("PARTIAL", "VERIFIED"), ("COMPLETE", "UNVERIFIED"), ("", "")])
def test_unfinished_ones_are_not_final(flags: tuple[str, str], tmp_path: Path) -> None:
    ds = report(*CONTENT, CompletionFlag=flags[0], VerificationFlag=flags[1])
    assert not read(written(ds, tmp_path))["is_final"]


def test_one_without_words_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no text"):
        read(written(report(item("CONTAINER", "Opis")), tmp_path))


def test_endless_ones_are_refused(tmp_path: Path) -> None:
    deep = item("TEXT", "Finding", TextValue="x")
    for _ in range(40):
        deep = item("TEXT", "Finding", (deep,), TextValue="x")
    with pytest.raises(ValueError, match="deeper"):
        read(written(report(deep), tmp_path))
    with pytest.raises(ValueError, match="larger"):
        read(written(report(*[item("TEXT", "Finding", TextValue="x")] * 5_001), tmp_path))
