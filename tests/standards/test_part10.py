from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread

from klisza.standards.dicom.big_endian import to_explicit_le
from klisza.standards.dicom.errors import NotDicom, Unreadable
from klisza.standards.dicom.part10 import split, wrap
from klisza.standards.dicom.uids import EXPLICIT_BE, IMPLEMENTATION_CLASS_UID, is_uid
from tests.gateways.door import SAMPLES, needs_samples
from tests.gateways.objects import EXPLICIT, IMPLICIT, dataset, encode, part10


def test_other_readers_read_what_we_wrap(tmp_path: Path) -> None:
    made, path = dataset(), tmp_path / "0"
    path.write_bytes(part10(made))

    read = dcmread(path)

    assert read.PatientID == "MRN1"
    assert read.file_meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID
    assert read.file_meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID


def test_the_data_set_is_found_again() -> None:
    made = dataset()
    data = part10(made, IMPLICIT)

    found = split(data)

    assert data[found.offset :] == encode(made, IMPLICIT)
    assert (found.transfer_syntax_uid, found.sop_instance_uid) == (IMPLICIT, made.SOPInstanceUID)


@pytest.mark.parametrize("length", [b"\0\0\0\0", b"\xff\xff\xff\x7f"])
def test_a_wrong_group_length_is_ignored(length: bytes) -> None:
    data = bytearray(part10(dataset()))
    data[140:144] = length

    assert split(bytes(data)).transfer_syntax_uid == EXPLICIT


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_a_bare_data_set_is_recognised(syntax: str) -> None:
    assert split(encode(dataset(), syntax)).transfer_syntax_uid == syntax


def test_meta_without_preamble_is_recognised() -> None:
    assert split(part10(dataset())[132:]).transfer_syntax_uid == EXPLICIT


@pytest.mark.parametrize("data", [b"", b"hello", bytes(200), b"PK\x03\x04" + bytes(200), b"%PDF-1.7\n" * 30])
def test_other_files_are_not_dicom(data: bytes) -> None:
    with pytest.raises(NotDicom):
        split(data)


@pytest.mark.parametrize("size", [136, 150, 200, 260])
def test_a_cut_meta_group_is_unreadable(size: int) -> None:
    with pytest.raises(Unreadable):
        split(part10(dataset())[:size])


def test_our_class_uid_is_valid() -> None:
    assert is_uid(IMPLEMENTATION_CLASS_UID)
    assert len(wrap(sop_class_uid="1.2", sop_instance_uid="1.2.3", transfer_syntax_uid=EXPLICIT)) % 2 == 0


@pytest.mark.parametrize(
    ("uid", "valid"),
    [("1.2.840", True), ("1", True), ("", False), ("1..2", False), (".1", False), ("1.", False),
     ("1.2a", False), ("1." * 32 + "1", False), ("../1", False), ("1.2\n", False)],
)  # fmt: skip
def test_uids_are_digits_and_dots(uid: str, valid: bool) -> None:
    assert is_uid(uid) is valid


@needs_samples
@pytest.mark.parametrize("name", ["emri_small_big_endian.dcm", "liver_expb.dcm"])
def test_big_endian_becomes_little(name: str, tmp_path: Path) -> None:
    source, target = SAMPLES / "dicom" / "syntax" / name, tmp_path / "0"

    to_explicit_le(str(source), str(target))

    assert split(source.read_bytes()).transfer_syntax_uid == EXPLICIT_BE
    assert split(target.read_bytes()).transfer_syntax_uid == EXPLICIT
    assert (dcmread(source).pixel_array == dcmread(target).pixel_array).all()
