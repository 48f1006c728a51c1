"""What a DICOMDIR says of an instance (PS3.3 F.5), read once and kept in the archive's index.

Runs in the sandbox: it parses what strangers sent. dicomdir.py puts the pieces together without parsing anything.
"""

from __future__ import annotations

import base64
import io
import warnings
from typing import Any

from pydicom import config, dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.filebase import DicomIO
from pydicom.fileset import FileSet
from pydicom.filewriter import write_dataset

from . import explicit
from .uids import EXPLICIT_LE

MISSING = "UNKNOWN"
NO_DATE, NO_TIME = "19000101", "000000"
# Whatever a record may need; pixel data and private blocks stay unread.
KEYWORDS = [
    "SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "StudyDate", "SeriesDate", "AcquisitionDate",
    "ContentDate", "StudyTime", "SeriesTime", "ContentTime", "AccessionNumber", "Modality", "StudyDescription",
    "SeriesDescription", "PatientName", "PatientID", "StudyInstanceUID", "SeriesInstanceUID", "StudyID",
    "SeriesNumber", "InstanceNumber", "DocumentTitle", "ConceptNameCodeSequence",
    "MIMETypeOfEncapsulatedDocument", "CompletionFlag", "VerificationFlag", "VerificationDateTime",
    "ContentSequence", "ContentLabel", "ContentDescription", "ContentCreatorName", "PresentationCreationDate",
    "PresentationCreationTime", "ReferencedSeriesSequence", "BlendingSequence", "DoseSummationType",
    "StructureSetLabel", "StructureSetDate", "StructureSetTime", "RTPlanLabel", "RTPlanDate", "RTPlanTime",
    "TreatmentDate", "TreatmentTime", "InstanceCreationDate", "InstanceCreationTime", "HL7InstanceIdentifier",
    "RTPlanGeometry", "PatientBirthDate", "PatientSex", "ImageType", "ReferencedImageEvidenceSequence",
    "CurrentRequestedProcedureEvidenceSequence",
]  # fmt: skip
ENCAPSULATED = "1.2.840.10008.5.1.4.1.1.104."
LEVELS = ("PATIENT", "STUDY", "SERIES")
REFERENCE = 0x0004  # the group that says where the record and its file lie; that is for dicomdir.py


def describe(*, instances: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """instances: `id`, `path`. Returns, by id, `type` and `record` of the instance's own record, `above`: records of
    its patient, study and series, and `explicit`: bytes of its plain form (0 = none).

    Records are in base64, in Explicit VR Little Endian, without the elements of group 0004.
    """
    warnings.simplefilter("ignore")
    config.settings.reading_validation_mode = config.settings.writing_validation_mode = config.IGNORE
    maker = FileSet()
    return {str(item["id"]): _described(maker, str(item["path"])) for item in instances}


def _described(maker: FileSet, path: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "", "record": "", "above": {}, "explicit": 0}
    try:
        header = _header(path)
        # The record makers of FileSet without its `add`, which compares every new object with all others: a study
        # of 2,000 images took it minutes.
        *above, own = list(maker._recordify(header))
        found |= {"type": str(own.DirectoryRecordType), "record": _encoded(own)}
        found["above"] = {
            str(record.DirectoryRecordType): _encoded(record)
            for record in above
            if str(record.DirectoryRecordType) in LEVELS
        }
        syntax = str(header.file_meta.TransferSyntaxUID)
        found["explicit"] = 0 if syntax == EXPLICIT_LE else explicit.size(path)
    except Exception:  # noqa: BLE001 - a record that cannot be made must not cost the others theirs
        pass
    return found


def _header(path: str) -> FileDataset:
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
    if str(ds.get("SOPClassUID", "")).startswith(ENCAPSULATED):
        ds.EncapsulatedDocument = b""  # its type of record goes by this element, which stays unread
    return ds


def _encoded(record: Dataset) -> str:
    for element in [element for element in record if element.tag.group == REFERENCE]:
        del record[element.tag]
    out = io.BytesIO()
    form = DicomIO(out)
    form.is_implicit_VR, form.is_little_endian = False, True
    write_dataset(form, record)
    return base64.b64encode(out.getvalue()).decode("ascii")
