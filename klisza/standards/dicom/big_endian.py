"""Explicit VR Big Endian (retired), turned into Explicit VR Little Endian; runs in the sandbox."""

from __future__ import annotations

from array import array
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.dataelem import DataElement
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from .errors import Unreadable
from .part10 import split, wrap
from .uids import EXPLICIT_BE, EXPLICIT_LE

# Values that pydicom keeps as bytes although they consist of numbers: bytes in one of them.
NUMBER_SIZE = {"OW": "H", "OL": "I", "OF": "I", "OD": "Q", "OV": "Q"}


def to_explicit_le(source: str, target: str) -> None:
    """Write `source` to `target` as a DICOM file in Explicit VR Little Endian. Raises Unreadable."""
    found = split(Path(source).read_bytes())
    if found.transfer_syntax_uid != EXPLICIT_BE:
        raise Unreadable("not in Explicit VR Big Endian")
    dataset = dcmread(source, force=True)
    _swap(dataset)
    encoded = DicomBytesIO()
    encoded.is_little_endian, encoded.is_implicit_VR = True, False
    write_dataset(encoded, dataset)
    head = wrap(
        sop_class_uid=str(dataset.get("SOPClassUID", "")),
        sop_instance_uid=str(dataset.get("SOPInstanceUID", "")),
        transfer_syntax_uid=EXPLICIT_LE,
    )
    Path(target).write_bytes(head + encoded.getvalue())


def _swap(dataset: Dataset) -> None:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                _swap(item)
        elif element.VR in NUMBER_SIZE:
            _swap_element(element)


def _swap_element(element: DataElement) -> None:
    numbers = array(NUMBER_SIZE[element.VR], element.value or b"")
    numbers.byteswap()
    element.value = numbers.tobytes()
