"""Images from elsewhere under a number of this hospital (IHE RAD-59); only their head is written anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from klisza.standards.dicom import reconcile
from klisza.standards.dicom.part10 import split
from tests.gateways.objects import DEFLATED, EXPLICIT, IMPLICIT, dataset, item, part10

PERSON = {
    "PatientName": "Kowalczyk^Żaneta", "PatientID": "MRN7", "PatientBirthDate": "19580321", "PatientSex": "F",
    "AccessionNumber": "KLTEST", "issuer": "1.2.3.4",
}  # fmt: skip
ORIGIN = {"at": "20261123120000.000000+0100", "system": "KLISZA", "foreign_issuer": "foreign:x"}
J2K = "1.2.840.10008.1.2.4.90"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def taken(made: Dataset, syntax: str = EXPLICIT) -> Dataset:
    Path("in.dcm").write_bytes(part10(made, syntax))
    assert reconcile.take_over(
        items=[{"path": "in.dcm", "name": "out.dcm"}], person=PERSON, origin=ORIGIN
    ) == [True]
    return dcmread("out.dcm")


def test_the_person_is_of_this_hospital_and_the_original_is_kept() -> None:
    after = taken(dataset(PatientName="Nowak^Anna", StudyID="S1", InstitutionName="Szpital B"))

    assert (after.PatientID, after.IssuerOfPatientID, after.AccessionNumber) == ("MRN7", "1.2.3.4", "KLTEST")
    assert after.IssuerOfPatientIDQualifiersSequence[0].UniversalEntityID == "1.2.3.4"
    assert str(after.PatientName) == "Kowalczyk^Żaneta"
    original = after.OriginalAttributesSequence[0]
    before = original.ModifiedAttributesSequence[0]
    assert (before.PatientID, str(before.PatientName), before.AccessionNumber, before.StudyID) == (
        "MRN1", "Nowak^Anna", "ACC1", "S1",
    )  # fmt: skip
    assert (original.ReasonForTheAttributeModification, original.SourceOfPreviousValues) == (
        "COERCE",
        "Szpital B",
    )
    assert original.AttributeModificationDateTime == ORIGIN["at"]


def test_foreign_numbers_get_an_issuer_of_their_own() -> None:
    """N8: never a value without its issuer."""
    known = item(PatientID="77", IssuerOfPatientID="KLINIKA")
    after = taken(dataset(OtherPatientIDsSequence=[known]))

    found = {(one.PatientID, one.IssuerOfPatientID) for one in after.OtherPatientIDsSequence}
    assert found == {("MRN1", "foreign:x"), ("77", "KLINIKA")}


def test_study_and_pixels_stay_what_they_were() -> None:
    made = dataset()
    after = taken(made)

    names = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PixelData")
    assert [after[name].value for name in names] == [made[name].value for name in names]


def test_letters_of_two_alphabets_meet() -> None:
    made = dataset(SpecificCharacterSet="ISO_IR 144", StudyDescription="Грудь")
    after = taken(made)

    assert (after.SpecificCharacterSet, after.StudyDescription) == ("ISO_IR 192", "Грудь")
    assert str(after.PatientName) == "Kowalczyk^Żaneta"


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED])
def test_plain_syntaxes_can_be_read_again(syntax: str) -> None:
    made = dataset()
    after = taken(made, syntax)

    assert after.PixelData == made.PixelData
    assert after.file_meta.TransferSyntaxUID == (EXPLICIT if syntax == DEFLATED else syntax)


def test_compressed_pixels_travel_byte_by_byte() -> None:
    made = dataset(PixelData=encapsulate([b"\xff\x4f\xff\x51" + bytes(60)]))
    made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
    after = taken(made, J2K)

    assert after.file_meta.TransferSyntaxUID == J2K
    assert after.PixelData == made.PixelData


def test_twice_is_the_same_bytes() -> None:
    """A worker that died does it again: no second object."""
    made = dataset()
    taken(made)
    first = Path("out.dcm").read_bytes()
    taken(made)

    assert Path("out.dcm").read_bytes() == first


def test_what_cannot_be_read_costs_only_itself() -> None:
    Path("bad.dcm").write_bytes(b"nothing of it")
    Path("good.dcm").write_bytes(part10(dataset()))
    items = [{"path": "bad.dcm", "name": "a.dcm"}, {"path": "good.dcm", "name": "b.dcm"}]

    assert reconcile.take_over(items=items, person=PERSON, origin=ORIGIN) == [False, True]
    assert not Path("a.dcm").exists()


def test_a_preview_has_other_uids_and_nothing_else() -> None:
    made = dataset()
    Path("in.dcm").write_bytes(part10(made))
    uids = {"StudyInstanceUID": "2.25.1", "SeriesInstanceUID": "2.25.2", "SOPInstanceUID": "2.25.3"}
    assert reconcile.disguise(items=[{"path": "in.dcm", "name": "out.dcm", "uids": uids}]) == [True]

    after = dcmread("out.dcm")
    assert (after.StudyInstanceUID, after.SOPInstanceUID, after.PatientID) == ("2.25.1", "2.25.3", "MRN1")
    assert after.file_meta.MediaStorageSOPInstanceUID == "2.25.3"


def test_plain_files_become_implicit() -> None:
    made = dataset()
    Path("in.dcm").write_bytes(part10(made))
    assert reconcile.implicit(items=[{"path": "in.dcm", "name": "out.dcm"}]) == [True]

    assert split(Path("out.dcm").read_bytes()).transfer_syntax_uid == IMPLICIT
    assert dcmread("out.dcm").PixelData == made.PixelData
