"""DICOMDIR of an export (PS3.3 annex F), made from the headers alone.

Runs in the sandbox only: no Django, no database.
"""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path
from typing import Any

from pydicom import Dataset, config, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.fileset import FileSet
from pydicom.filewriter import dcmwrite
from pydicom.uid import generate_uid

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
    Returns {"entered", "left_out"}: objects of a class that has no directory record are left out; they
    stay in the export.
    """
    warnings.simplefilter("ignore")
    config.settings.reading_validation_mode = config.settings.writing_validation_mode = config.IGNORE
    files, names, left_out = FileSet(), {}, 0
    files.UID = generate_uid(prefix=None)
    for row in json.loads(Path(listing).read_text("utf-8")):
        try:
            instance = files.add(_header(row["path"]))
            names[str(instance.SOPInstanceUID)] = row["file_id"]
        except Exception:  # noqa: BLE001 - a record that cannot be made must not cost the patient the whole directory
            left_out += 1
    folder = Path("set")
    folder.mkdir()
    files.write(folder)
    Path("DICOMDIR").write_bytes(_renamed((folder / "DICOMDIR").read_bytes(), names))
    return {"entered": len(names), "left_out": left_out}


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


def _renamed(dicomdir: bytes, names: dict[str, list[str]]) -> bytes:
    """Our file names in place of pydicom's, every offset moved along with them (PS3.3 F.3.2.2)."""
    ds = dcmread(io.BytesIO(dicomdir))
    before = _offsets(ds)
    links = [_links(record, before) for record in ds.DirectoryRecordSequence]
    ends = [before.get(int(value)) for value in _root(ds)]
    for record in ds.DirectoryRecordSequence:
        if "ReferencedFileID" in record:
            record.ReferencedFileID = names[str(record.ReferencedSOPInstanceUIDInFile)]
    after = {index: offset for offset, index in _offsets(dcmread(io.BytesIO(_written(ds)))).items()}
    for record, (following, lower) in zip(ds.DirectoryRecordSequence, links, strict=True):
        record.OffsetOfTheNextDirectoryRecord = _at(after, following)
        record.OffsetOfReferencedLowerLevelDirectoryEntity = _at(after, lower)
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = _at(after, ends[0])
    ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = _at(after, ends[1])
    return _written(ds)


def _offsets(ds: Any) -> dict[int, int]:
    """Where each record's item begins -> its number."""
    return {record.seq_item_tell: index for index, record in enumerate(ds.DirectoryRecordSequence)}


def _links(record: Dataset, places: dict[int, int]) -> tuple[int | None, int | None]:
    following, lower = (
        record.OffsetOfTheNextDirectoryRecord,
        record.OffsetOfReferencedLowerLevelDirectoryEntity,
    )
    return places.get(int(following)), places.get(int(lower))


def _root(ds: Any) -> tuple[int, int]:
    return (
        ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity,
        ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity,
    )


def _at(places: dict[int, int], index: int | None) -> int:
    return 0 if index is None else places[index]


def _written(ds: Any) -> bytes:
    with DicomBytesIO() as out:
        dcmwrite(out, ds, enforce_file_format=True)
        return out.getvalue()
