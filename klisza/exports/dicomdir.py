"""DICOMDIR of an export (PS3.3 annex F), made from the headers alone.

Runs in the sandbox only: no Django, no database.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from pydicom import Dataset, config, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.fileset import FileSet
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage, generate_uid

MISSING = "UNKNOWN"
NO_DATE, NO_TIME = "19000101", "000000"
# Whatever a directory record may need; pixel data and private blocks stay unread.
KEYWORDS = [
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "ContentDate",
    "StudyTime",
    "SeriesTime",
    "ContentTime",
    "AccessionNumber",
    "Modality",
    "StudyDescription",
    "SeriesDescription",
    "PatientName",
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "StudyID",
    "SeriesNumber",
    "InstanceNumber",
    "DocumentTitle",
    "ConceptNameCodeSequence",
    "MIMETypeOfEncapsulatedDocument",
    "CompletionFlag",
    "VerificationFlag",
    "VerificationDateTime",
    "ContentSequence",
    "ContentLabel",
    "ContentDescription",
    "ContentCreatorName",
    "PresentationCreationDate",
    "PresentationCreationTime",
    "ReferencedSeriesSequence",
    "BlendingSequence",
    "DoseSummationType",
    "StructureSetLabel",
    "StructureSetDate",
    "StructureSetTime",
    "RTPlanLabel",
    "RTPlanDate",
    "RTPlanTime",
    "TreatmentDate",
    "TreatmentTime",
    "InstanceCreationDate",
    "InstanceCreationTime",
    "HL7InstanceIdentifier",
    "RTPlanGeometry",
    "PatientBirthDate",
    "PatientSex",
    "ImageType",
    "ReferencedImageEvidenceSequence",
    "CurrentRequestedProcedureEvidenceSequence",
]


def make(listing: str) -> dict[str, int]:
    """Write DICOMDIR into the working directory.

    listing: a JSON file, [{"path": where the object lies, "file_id": ["DICOM", "SE000000", "IM000000"]}].
    Returns {"entered", "left_out"}: objects of a class that has no directory record are left out of it; they
    stay in the export.
    """
    warnings.simplefilter("ignore")
    config.settings.reading_validation_mode = config.settings.writing_validation_mode = config.IGNORE
    root, records, left_out = _Node(Dataset()), FileSet(), 0
    for row in json.loads(Path(listing).read_text("utf-8")):
        try:
            # The record makers of FileSet without its `add`, which compares every new object with all others:
            # a study of 2,000 images took it minutes.
            root.add(list(records._recordify(_header(row["path"]))), row["file_id"])
        except Exception:  # noqa: BLE001 - a record that cannot be made must not cost the patient the whole directory
            left_out += 1
    nodes = list(root.walk())
    Path("DICOMDIR").write_bytes(_dicomdir(root, nodes))
    return {"entered": sum("ReferencedFileID" in node.record for node in nodes), "left_out": left_out}


@dataclass
class _Node:
    """A directory record and those below it, found again by what identifies them."""

    record: Dataset
    below: dict[tuple[str, str], _Node] = field(default_factory=dict)

    def add(self, records: list[Dataset], file_id: list[str]) -> None:
        """records: from the patient down to the object."""
        record, *rest = records
        if not rest:
            record.ReferencedFileID = file_id
        node = self.below.setdefault(_key(record), _Node(record))
        if rest:
            node.add(rest, file_id)

    def walk(self) -> Iterator[_Node]:
        for node in self.below.values():
            yield node
            yield from node.walk()


def _key(record: Dataset) -> tuple[str, str]:
    keywords = ("ReferencedSOPInstanceUIDInFile", "SeriesInstanceUID", "StudyInstanceUID", "PatientID")
    name = next(str(record[keyword].value) for keyword in keywords if keyword in record)
    return str(record.DirectoryRecordType), name


def _header(path: str) -> Dataset:
    """What the directory needs, with the keys that PS3.3 F.5 requires and some senders leave out."""
    ds = dcmread(path, stop_before_pixels=True, specific_tags=KEYWORDS)
    for keyword, value in (
        ("PatientID", MISSING),
        ("PatientName", ""),
        ("StudyDate", ds.get("SeriesDate") or ds.get("ContentDate") or NO_DATE),
        ("StudyTime", NO_TIME),
        ("StudyID", "1"),
        ("Modality", "OT"),
        ("SeriesNumber", 0),
        ("InstanceNumber", 0),
        ("ContentDate", ds.get("StudyDate") or NO_DATE),
        ("ContentTime", ds.get("StudyTime") or NO_TIME),
    ):
        if ds.get(keyword) in (None, ""):
            setattr(ds, keyword, value)
    return ds


def _dicomdir(root: _Node, nodes: list[_Node]) -> bytes:
    """Written twice: where a record lies is known only after all have been written (PS3.3 F.3.2.2)."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(prefix=None)
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.FileSetID, ds.FileSetConsistencyFlag = "", 0
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.DirectoryRecordSequence = [node.record for node in nodes]
    written = dcmread(io.BytesIO(_written(ds))).DirectoryRecordSequence
    places = {id(node): record.seq_item_tell for node, record in zip(nodes, written, strict=True)}
    top = list(root.below.values())
    if top:
        ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = places[id(top[0])]
        ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = places[id(top[-1])]
    for siblings in (list(node.below.values()) for node in (root, *nodes)):
        _chain(siblings, places)
    return _written(ds)


def _chain(siblings: list[_Node], places: dict[int, int]) -> None:
    """Each record points at the next of its level and at the first below it; 0 = none."""
    for node, following in zip_longest(siblings, siblings[1:]):
        first = next(iter(node.below.values()), None)
        node.record.OffsetOfTheNextDirectoryRecord = places[id(following)] if following else 0
        node.record.OffsetOfReferencedLowerLevelDirectoryEntity = places[id(first)] if first else 0


def _written(ds: Dataset) -> bytes:
    with DicomBytesIO() as out:
        dcmwrite(out, ds, enforce_file_format=True)
        return out.getvalue()
