"""Small DICOM objects for tests, encoded as they travel."""

from __future__ import annotations

import zlib
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from klisza.standards.dicom.part10 import wrap

CT = "1.2.840.10008.5.1.4.1.1.2"
KOS = "1.2.840.10008.5.1.4.1.1.88.59"
EXPLICIT, IMPLICIT, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99"


def dataset(**changes: object) -> Dataset:
    """An 8 x 8 CT image of a fresh study; a value of None leaves the attribute out."""
    values: dict[str, object] = {
        "SOPClassUID": CT, "SOPInstanceUID": generate_uid(), "StudyInstanceUID": generate_uid(),
        "SeriesInstanceUID": generate_uid(), "PatientID": "MRN1", "PatientName": "Nowak^Anna",
        "Modality": "CT", "StudyDate": "20260102", "StudyTime": "101112.5", "AccessionNumber": "ACC1",
        "InstanceNumber": 7, "Rows": 8, "Columns": 8, "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15,
        "PixelRepresentation": 0, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
        "PixelData": bytes(128), **changes,
    }  # fmt: skip
    made = Dataset()
    for keyword, value in values.items():
        if value is not None:
            setattr(made, keyword, value)
    if "PixelData" in made:
        made["PixelData"].VR = "OW"
    return made


def note(code: str, *named: Dataset, **changes: object) -> Dataset:
    """A Key Object Selection document of this title (CID 7010, 7011) that names these instances."""
    title = Dataset()
    title.CodeValue, title.CodingSchemeDesignator, title.CodeMeaning = code, "DCM", "a title"
    first = named[0] if named else dataset()
    return dataset(**{
        "SOPClassUID": KOS, "Modality": "KO", "StudyInstanceUID": first.StudyInstanceUID,
        "PatientID": first.PatientID, "ConceptNameCodeSequence": Sequence([title]), "ValueType": "CONTAINER",
        "CurrentRequestedProcedureEvidenceSequence": _evidence(named), "PixelData": None, "Rows": None,
        "Columns": None, **changes,
    })  # fmt: skip


def _evidence(named: tuple[Dataset, ...]) -> Sequence:
    studies: dict[str, dict[str, list[Dataset]]] = {}
    for one in named:
        studies.setdefault(one.StudyInstanceUID, {}).setdefault(one.SeriesInstanceUID, []).append(one)
    return Sequence([
        item(StudyInstanceUID=study, ReferencedSeriesSequence=Sequence([
            item(SeriesInstanceUID=uid, ReferencedSOPSequence=Sequence([
                item(ReferencedSOPClassUID=one.SOPClassUID, ReferencedSOPInstanceUID=one.SOPInstanceUID)
                for one in instances
            ]))
            for uid, instances in series.items()
        ]))
        for study, series in studies.items()
    ])  # fmt: skip


def item(**values: object) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def encode(made: Dataset, syntax: str = EXPLICIT) -> bytes:
    out = BytesIO()
    dcmwrite(out, made, implicit_vr=syntax == IMPLICIT, little_endian=True, enforce_file_format=False)
    if syntax != DEFLATED:
        return out.getvalue()
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return engine.compress(out.getvalue()) + engine.flush()


def part10(made: Dataset, syntax: str = EXPLICIT) -> bytes:
    """The same as a DICOM file."""
    head = wrap(
        sop_class_uid=made.SOPClassUID, sop_instance_uid=made.SOPInstanceUID, transfer_syntax_uid=syntax
    )
    return head + encode(made, syntax)


def raw(**changes: object) -> bytes:
    return encode(dataset(**changes))
