"""Studies for tests: stored as they would arrive, settled and derived at once; and the image doors called
in-process."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.utils import timezone
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from klisza.archive.dicomweb import application
from klisza.archive.models import Instance, Study
from klisza.archive.services import Source, store_instance
from klisza.archive.services.derive import run_derive
from klisza.archive.services.settle import settle_due

SOURCE = Source(name="test", issuer="local")


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


def get(path: str, *, method: str = "GET", query: str = "", **headers: str) -> Reply:
    """Ask the image doors as the server would; headers as HTTP_ACCEPT=..."""
    seen: dict[str, Any] = {}

    def start_response(status: str, sent: list[tuple[str, str]], exc_info: object = None) -> None:
        seen["status"], seen["headers"] = int(status[:3]), {name.lower(): value for name, value in sent}

    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REMOTE_ADDR": "127.0.0.1",
        **headers,
    }
    body = b"".join(application(environ, start_response))
    return Reply(seen["status"], seen["headers"], body)


def keep(files: Iterable[Path]) -> list[Instance]:
    """Store these files; all must be taken over."""
    outcomes = [store_instance(part10=file, source=SOURCE) for file in files]
    assert [outcome.status for outcome in outcomes] == ["stored"] * len(outcomes), outcomes
    return list(
        Instance.objects.filter(pk__in=[outcome.instance_id for outcome in outcomes]).order_by(
            "instance_number", "pk"
        )
    )


def derived(files: Iterable[Path]) -> list[Instance]:
    """The same, settled and derived."""
    instances = keep(files)
    Study.objects.update(settles_at=timezone.now())
    settle_due()
    while run_derive():
        pass
    return list(
        Instance.objects.filter(pk__in=[instance.pk for instance in instances]).order_by(
            "instance_number", "pk"
        )
    )


def ct(
    pixels: np.ndarray[Any, Any], *, study: str = "", series: str = "", number: int = 1, **attributes: Any
) -> FileDataset:
    """A small CT image; keyword attributes replace or add, None removes."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = FileDataset("", Dataset(), file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study or generate_uid(), series or generate_uid()
    dataset.PatientID, dataset.PatientName, dataset.Modality = "4711", "Nowak^Anna", "CT"
    dataset.StudyDate, dataset.AccessionNumber, dataset.InstanceNumber, dataset.SeriesNumber = (
        "20260101",
        "A1",
        number,
        1,
    )
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, float(number)], [1, 0, 0, 0, 1, 0]
    dataset.FrameOfReferenceUID, dataset.PixelSpacing = "1.2.3.4", [0.5, 0.5]
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = (
        1,
        "MONOCHROME2",
        0,
    )
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelData = pixels.astype("<u2").tobytes()
    for keyword, value in attributes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def write(dataset: FileDataset, folder: Path) -> Path:
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    path = folder / f"{dataset.SOPInstanceUID}.dcm"
    path.write_bytes(out.getvalue())
    return path


def slices(folder: Path, count: int = 3, **attributes: Any) -> list[Path]:
    """A CT series of `count` different slices."""
    study, series = generate_uid(), generate_uid()
    made = (np.full((8, 6), 100 * (number + 1)) + np.arange(6) for number in range(count))
    return [
        write(ct(pixels, study=study, series=series, number=number + 1, **attributes), folder)
        for number, pixels in enumerate(made)
    ]
