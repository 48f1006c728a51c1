"""Images from elsewhere under a person's number in this hospital (IHE RAD Import Reconciliation, RAD-59).

Runs in the sandbox. Only the head of a file is written anew; its pixels are copied byte by byte. What is replaced
stays readable in the Original Attributes Sequence (0400,0561), and the foreign number of the person among the other
patient ids, with an issuer of its own. UIDs of study, series and instance stay those of the other hospital (so that
the same disc twice is the same study), except in a preview, which gets others.
"""

from __future__ import annotations

import io
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import config, dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomIO
from pydicom.filewriter import correct_ambiguous_vr, write_dataset
from pydicom.sequence import Sequence

from .big_endian import to_explicit_le
from .errors import Unreadable
from .part10 import split, wrap
from .uids import DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE

UTF8 = "ISO_IR 192"
COERCED = "COERCE"  # CID-less enumerated value of (0400,0565)
MISTAKES = (
    Unreadable,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    NotImplementedError,
    OSError,
    RecursionError,
)
# What says whose the images are and which order they belong to: gone from the data set, kept as original attributes.
REPLACED = (
    "AccessionNumber", "IssuerOfAccessionNumberSequence", "PatientName", "PatientID", "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence", "PatientBirthDate", "PatientSex", "OtherPatientIDs",
    "OtherPatientIDsSequence", "OtherPatientNames", "PatientBirthName", "ReferencedPatientSequence",
    "ReferencedStudySequence", "RequestAttributesSequence", "AdmissionID", "IssuerOfAdmissionIDSequence",
    "StudyID",
)  # fmt: skip


@dataclass(frozen=True)
class _Read:
    """dataset: up to the pixels; rest: where in `path` what follows begins, -1 = nothing does."""

    dataset: Dataset
    syntax: str
    path: str
    rest: int


def take_over(*, items: list[dict[str, str]], person: dict[str, str], origin: dict[str, str]) -> list[bool]:
    """Write every `path` as `name` into the working directory, as an image of this person; False = cannot be.

    person: keyword -> value of the patient module, AccessionNumber among them; "issuer": the universal or local name
    of who gave PatientID. origin: "at" (DICOM DT), "system", "foreign_issuer" for numbers that name none.
    """
    return [_each(item, lambda read: _reconcile(read.dataset, person, origin)) for item in items]


def disguise(*, items: list[dict[str, Any]]) -> list[bool]:
    """As `take_over`, but only with other UIDs: `uids` of an item: keyword -> new value."""
    return [_each(item, lambda read, uids=item["uids"]: _rename(read.dataset, uids)) for item in items]


def implicit(*, items: list[dict[str, str]]) -> list[bool]:
    """Uncompressed files in Implicit VR Little Endian, which every peer has to take (PS3.5 10.1)."""
    return [_each(item, lambda read: None, syntax=IMPLICIT_LE) for item in items]


def _each(item: dict[str, Any], change: Any, syntax: str = "") -> bool:
    target = Path(item["name"])
    try:
        read = _read(item["path"], target)
        change(read)
        _write(read, target, syntax or read.syntax)
    except MISTAKES:
        target.unlink(missing_ok=True)
        return False
    return True


def _read(path: str, target: Path) -> _Read:
    config.settings.reading_validation_mode = config.settings.writing_validation_mode = config.IGNORE
    syntax = split(Path(path).read_bytes()[: 256 * 1024]).transfer_syntax_uid
    if syntax == EXPLICIT_BE:
        little = target.with_suffix(".le")
        to_explicit_le(path, str(little))
        path, syntax = str(little), EXPLICIT_LE
    whole = syntax == DEFLATED_LE  # the pixels lie inside the compressed stream
    with warnings.catch_warnings(), open(path, "rb") as file:
        warnings.simplefilter("ignore")
        dataset = dcmread(file, stop_before_pixels=not whole, force=True)
        position = -1 if whole else file.tell()
        correct_ambiguous_vr(dataset, True)
    return _Read(dataset, EXPLICIT_LE if whole else syntax, path, position)


def _write(read: _Read, target: Path, syntax: str) -> None:
    head = io.BytesIO()
    form = DicomIO(head)
    form.is_implicit_VR, form.is_little_endian = syntax == IMPLICIT_LE, True
    dataset, copied = read.dataset, read.rest >= 0
    if syntax != read.syntax:
        dataset, copied = dcmread(read.path, force=True), False
    head.write(
        wrap(
            sop_class_uid=str(dataset.SOPClassUID),
            sop_instance_uid=str(dataset.SOPInstanceUID),
            transfer_syntax_uid=syntax,
        )
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_dataset(form, dataset)
    with target.open("wb") as out:
        out.write(head.getbuffer())
        if copied:
            with open(read.path, "rb") as source:
                source.seek(read.rest)
                shutil.copyfileobj(source, out, 1024 * 1024)


def _rename(dataset: Dataset, uids: dict[str, str]) -> None:
    for keyword, value in uids.items():
        setattr(dataset, keyword, value)


def _reconcile(dataset: Dataset, person: dict[str, str], origin: dict[str, str]) -> None:
    _to_utf8(dataset)
    before = Dataset()
    for keyword in REPLACED:
        if keyword in dataset:
            before[keyword] = dataset[keyword]
            del dataset[keyword]
    others = _other_ids(before, origin["foreign_issuer"])
    for keyword, value in person.items():
        if keyword != "issuer":
            setattr(dataset, keyword, value)
    _name_issuer(dataset, person["issuer"])
    if others:
        dataset.OtherPatientIDsSequence = Sequence(others)
    original = Dataset()
    original.ModifiedAttributesSequence = Sequence([before])
    original.AttributeModificationDateTime = origin["at"]
    original.ModifyingSystem = origin["system"][:64]
    original.SourceOfPreviousValues = str(dataset.get("InstitutionName", "") or "")[:64]
    original.ReasonForTheAttributeModification = COERCED
    earlier = list(dataset.get("OriginalAttributesSequence", None) or [])
    dataset.OriginalAttributesSequence = Sequence([*earlier, original])


def _to_utf8(dataset: Dataset) -> None:
    """Two alphabets may meet in one data set now."""
    dataset.decode()
    for _ in dataset.iterall():  # every value is read while its own character set is known
        pass
    _without_charset(dataset)
    dataset.SpecificCharacterSet = UTF8


def _without_charset(dataset: Dataset) -> None:
    if "SpecificCharacterSet" in dataset:
        del dataset["SpecificCharacterSet"]
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value or []:
                _without_charset(item)


def _name_issuer(dataset: Dataset, issuer: str) -> None:
    dataset.IssuerOfPatientID = issuer[:64]
    if issuer and all(part.isdigit() for part in issuer.split(".")):
        qualifier = Dataset()
        qualifier.UniversalEntityID, qualifier.UniversalEntityIDType = issuer, "ISO"
        dataset.IssuerOfPatientIDQualifiersSequence = Sequence([qualifier])


def _other_ids(before: Dataset, foreign: str) -> list[Dataset]:
    """The number the other hospital gave, and those it knew of: never a value without its issuer."""
    found: list[tuple[str, str]] = []
    for one in [before, *(before.get("OtherPatientIDsSequence", None) or [])]:
        value = str(one.get("PatientID", "") or "").strip()
        if value:
            found.append((value, str(one.get("IssuerOfPatientID", "") or "").strip() or foreign))
    made = []
    for value, issuer in dict.fromkeys(found):
        item = Dataset()
        item.PatientID, item.IssuerOfPatientID, item.TypeOfPatientID = value, issuer[:64], "TEXT"
        made.append(item)
    return made
