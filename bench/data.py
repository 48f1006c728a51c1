"""300 CT slices 512 x 512 x 16: a phantom with noise, so that no disk or codec finds them easier than real
ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

SLICES, SIDE, NOISE = 300, 512, 14.0
ROOT = "1.2.826.0.1.3680043.10.1449.1"
MARK = "7770000"  # stands in every UID; `stamp` puts another number of the same length there


def make(folder: Path, parts: int) -> list[Path]:
    """Write the series into `parts` folders, for as many associations; returns the folders."""
    folders = [folder / f"part-{number}" for number in range(parts)]
    for part in folders:
        part.mkdir(parents=True)
    random = np.random.default_rng(20261123)
    across, down = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))
    for number in range(1, SLICES + 1):
        pixels = _phantom(across, down, number / SLICES) + random.normal(0, NOISE, (SIDE, SIDE))
        slice_of(pixels, number).save_as(
            folders[number % parts] / f"{number:04}.dcm", enforce_file_format=True
        )
    return folders


def stamp(folders: list[Path], old: str, new: str) -> None:
    """Give the whole series new UIDs in place: an archive that knows them already would only say
    "duplicate"."""
    for path in (path for folder in folders for path in folder.iterdir()):
        path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))


def study_uid(mark: str) -> str:
    return f"{ROOT}.{mark}.1"


def series_uid(mark: str) -> str:
    return f"{ROOT}.{mark}.2"


def instance_uid(mark: str, number: int) -> str:
    return f"{ROOT}.{mark}.3.{number}"


def _phantom(across: np.ndarray, down: np.ndarray, height: float) -> np.ndarray:
    body = 1040.0 * ((across / 0.8) ** 2 + (down / 0.6) ** 2 < 1)
    lung = 800.0 * ((np.abs(across) - 0.38) ** 2 / 0.05 + (down + 0.05) ** 2 / 0.12 < np.sin(np.pi * height))
    spine = 700.0 * (across**2 + (down - 0.42) ** 2 < 0.012)
    return body - lung + spine + 24


def slice_of(pixels: np.ndarray, number: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, CTImageStorage
    meta.MediaStorageSOPInstanceUID = instance_uid(MARK, number)
    dataset = FileDataset("", Dataset(), file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, instance_uid(MARK, number)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study_uid(MARK), series_uid(MARK)
    dataset.PatientID, dataset.PatientName, dataset.PatientBirthDate, dataset.PatientSex = (
        "BENCH",
        "Bench^Phantom",
        "19700101",
        "O",
    )
    dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber, dataset.StudyID = (
        "20260101",
        "120000",
        "BENCH",
        "1",
    )
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "CT", 1, number
    dataset.ReferringPhysicianName, dataset.FrameOfReferenceUID = "", f"{ROOT}.{MARK}.4"
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = (
        [-180, -180, number * 1.25],
        [1, 0, 0, 0, 1, 0],
    )
    dataset.PixelSpacing, dataset.SliceThickness = [0.703125, 0.703125], 1.25
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = (
        1,
        "MONOCHROME2",
        0,
    )
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.WindowCenter, dataset.WindowWidth = (
        -1024,
        1,
        40,
        400,
    )
    dataset.PixelData = np.clip(pixels, 0, 4095).astype("<u2").tobytes()
    return dataset
