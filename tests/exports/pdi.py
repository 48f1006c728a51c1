"""What an IHE PDI evaluator asks of media (hospital-integration.md 4.1, 1 to 14); says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

NAME = re.compile(r"[A-Z0-9_]{1,8}")
FILE = re.compile(r"[A-Z0-9_]{1,8}(\.[A-Z0-9_]{1,3})?")
REQUIRED = {
    "PATIENT": ("PatientID",),
    "STUDY": ("StudyDate", "StudyTime", "StudyID", "StudyInstanceUID"),
    "SERIES": ("Modality", "SeriesInstanceUID", "SeriesNumber"),
    "IMAGE": ("InstanceNumber",),
    "KEY OBJECT DOC": ("InstanceNumber", "ContentDate", "ContentTime"),
    "SR DOCUMENT": ("InstanceNumber", "ContentDate", "ContentTime"),
    "WAVEFORM": ("InstanceNumber", "ContentDate", "ContentTime"),
    "PRESENTATION": ("InstanceNumber",),
    "ENCAP DOC": ("InstanceNumber",),
}
FORBIDDEN = {"VISIT", "RESULTS", "INTERPRETATION", "STUDY COMPONENT", "STORED PRINT", "TOPIC", "PRIVATE"}


def faults(root: Path, *, plain: bool = False) -> list[str]:
    """plain: the transfer syntax of STD-GEN-CD is asked for, too."""
    if not (root / "DICOMDIR").is_file():
        return ["1: no DICOMDIR"]
    directory = dcmread(root / "DICOMDIR")
    return [
        *(
            f"2: {file.name} in the root"
            for file in root.iterdir()
            if file.name != "DICOMDIR" and is_dicom(file)
        ),
        *_head(directory),
        *_records(directory),
        *_duplicates(directory),
        *_references(root, directory, plain=plain),
        *_names(root),
        *(["10: no IHE_PDI"] if not (root / "IHE_PDI").is_dir() else []),
        *(["11: no INDEX.HTM"] if not (root / "INDEX.HTM").is_file() else []),
        *(["12: no README.TXT"] if not (root / "README.TXT").is_file() else []),
        *(f"13: {file.name}" for file in (root / "IHE_PDI").rglob("*") if is_dicom(file)),
        *(f"14: {file.name}" for file in root.glob("IHE*") if file.name != "IHE_PDI"),
    ]


def is_dicom(file: Path) -> bool:
    return file.is_file() and file.read_bytes()[128:132] == b"DICM"


def _head(directory: Dataset) -> Iterator[str]:
    meta = directory.file_meta
    if meta.FileMetaInformationVersion != b"\0\1":
        yield "3: version of the meta group"
    if meta.MediaStorageSOPClassUID != MediaStorageDirectoryStorage:
        yield "3: class"
    if meta.TransferSyntaxUID != ExplicitVRLittleEndian or not meta.MediaStorageSOPInstanceUID.is_valid:
        yield "3: syntax or UID"


def _records(directory: Dataset) -> Iterator[str]:
    for record in directory.DirectoryRecordSequence:
        kind = record.DirectoryRecordType
        if kind in FORBIDDEN:
            yield f"4: {kind}"
        for keyword in REQUIRED.get(kind, ()):
            if record.get(keyword) in (None, ""):
                yield f"4: {kind} without {keyword}"


def _duplicates(directory: Dataset) -> Iterator[str]:
    for keyword in ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "ReferencedSOPInstanceUIDInFile"):
        kinds = {"PatientID": "PATIENT", "StudyInstanceUID": "STUDY", "SeriesInstanceUID": "SERIES"}
        wanted = kinds.get(keyword)
        found = [
            record[keyword].value
            for record in directory.DirectoryRecordSequence
            if keyword in record and (not wanted or record.DirectoryRecordType == wanted)
        ]
        if len(found) != len(set(found)):
            yield f"5: {keyword} twice"


def _references(root: Path, directory: Dataset, *, plain: bool) -> Iterator[str]:
    for record in directory.DirectoryRecordSequence:
        if "ReferencedFileID" not in record:
            continue
        value = record.ReferencedFileID
        parts = [value] if isinstance(value, str) else list(value)
        if len(parts) > 8 or not all(NAME.fullmatch(part) for part in parts):
            yield f"6: {parts}"
        ds = dcmread(root.joinpath(*parts), stop_before_pixels=True)
        meta = ds.file_meta
        said = (
            record.ReferencedSOPClassUIDInFile,
            record.ReferencedSOPInstanceUIDInFile,
            record.ReferencedTransferSyntaxUIDInFile,
        )
        if said != (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID):
            yield f"7: {parts}"
        if plain and meta.TransferSyntaxUID != ExplicitVRLittleEndian:
            yield f"7: {parts} is not Explicit VR Little Endian"
        if (ds.SOPClassUID, ds.SOPInstanceUID) != (
            meta.MediaStorageSOPClassUID,
            meta.MediaStorageSOPInstanceUID,
        ):
            yield f"8: {parts}"


def _names(root: Path) -> Iterator[str]:
    for path in root.rglob("*"):
        if not (NAME if path.is_dir() else FILE).fullmatch(path.name):
            yield f"9: {path.relative_to(root)}"
