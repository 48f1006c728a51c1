"""A study of every kind of picture, archived, and its offline viewer unpacked into a folder."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management import call_command
from django.db import connection, transaction
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.uid import generate_uid

from klisza.archive.models import Study
from klisza.examinations import services as examinations
from klisza.examinations.models import Examination
from klisza.exports.offline import members
from klisza.exports.offline.members import Member, Part
from klisza.exports.offline.page import Link
from klisza.patients.models import Patient
from tests.archive.studies import ct, derived
from tests.examinations.given import SCRIPT, a_patient, a_report, mrn_of, the_examination
from tests.portal import ROOT

DEMO = ROOT / "klisza" / "operations" / "demo" / "data" / "images"
SAMPLES = ROOT / "tests" / "data" / "dicom"
HOSTILE = '</script><img src=x onerror="document.title=1">{{7*7}}'
LONG_TEXT = "Obraz płuc prawidłowy. <b>Bez zmian</b> ogniskowych."


@dataclass(frozen=True)
class Made:
    """One series: its files, in the order of the viewer."""

    name: str
    modality: str
    files: list[Path]

    def expected(self, image: int) -> NDArray[np.uint8]:
        """The picture as pydicom has it: 8-bit grey as the object says, or RGB."""
        ds = dcmread(self.files[image if len(self.files) > 1 else 0])
        pixels = ds.pixel_array
        if int(ds.get("NumberOfFrames") or 1) > 1:
            pixels = pixels[image]
        if ds.PhotometricInterpretation == "PALETTE COLOR":
            return np.asarray(apply_color_lut(pixels, ds) >> 8, dtype=np.uint8)
        if pixels.ndim == 3:
            return np.asarray(pixels, dtype=np.uint8)
        return grey(pixels, ds)


def grey(pixels: NDArray[Any], ds: Dataset) -> NDArray[np.uint8]:
    """PS3.3 C.11.2.1.2 by pydicom, whose output range is that of the stored values."""
    ds = Dataset() | ds if isinstance(ds, dict) else ds
    values = apply_modality_lut(pixels, ds).astype(np.float64)
    center, width = (float(np.atleast_1d(ds[name].value)[0]) for name in ("WindowCenter", "WindowWidth"))
    own = Dataset()
    own.WindowCenter, own.WindowWidth = center, width
    own.PhotometricInterpretation, own.BitsStored, own.PixelRepresentation = "MONOCHROME2", 8, 0
    shown = np.floor(apply_voi_lut(np.asarray(values), own)).astype(np.uint8)
    return 255 - shown if ds.PhotometricInterpretation == "MONOCHROME1" else shown


def palette() -> Dataset:
    ds = ct(np.arange(48 * 64, dtype=np.uint8).reshape(48, 64) // 12)
    ds.PhotometricInterpretation, ds.Modality = "PALETTE COLOR", "US"
    for number, name in enumerate(("Red", "Green", "Blue")):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        ramp = (np.roll(np.arange(256), 60 * number) * 257).astype("<u2")
        setattr(ds, f"{name}PaletteColorLookupTableData", ramp.tobytes())
    for keyword in ("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"):
        if keyword in ds:
            delattr(ds, keyword)
    return ds


SERIES: tuple[tuple[str, str, tuple[Path, ...]], ...] = (
    ("ct", "CT", tuple(sorted((DEMO / "ct-neck").glob("*.dcm"))[:12])),
    ("mr", "MR", (SAMPLES / "odd" / "slicethickness_empty_string.dcm",)),
    ("dx", "DX", (SAMPLES / "modality" / "dx_image.dcm",)),
    ("film", "US", (DEMO / "us-doppler" / "1-001.dcm",)),
    ("rgb", "US", (SAMPLES / "syntax" / "color-pl.dcm",)),
)


def _written(
    folder: Path, patient: Patient, samples: tuple[tuple[str, str, tuple[Path, ...]], ...]
) -> list[Made]:
    study, found = generate_uid(), []
    sources = [(name, modality, [dcmread(path) for path in paths]) for name, modality, paths in samples]
    sources.append(("palette", "US", [palette()]))
    for number, (name, modality, datasets) in enumerate(sources, start=1):
        series, files = generate_uid(), []
        for image, ds in enumerate(datasets, start=1):
            ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SeriesNumber = study, series, number
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            ds.SpecificCharacterSet = "ISO_IR 192"
            ds.PatientID, ds.PatientName, ds.AccessionNumber = mrn_of(patient), _name(patient), "ACC1"
            ds.PatientBirthDate, ds.StudyDate, ds.StudyTime = "19580321", "20261120", "0930"
            ds.Modality, ds.SeriesDescription = modality, HOSTILE[:60] if name == "mr" else name
            path = folder / f"{name}-{image:03d}.dcm"
            ds.save_as(path)
            files.append(path)
        found.append(Made(name, modality, files))
    return found


def _name(patient: Patient) -> str:
    return f"{patient.family_name}^{patient.given_name}"


def archived(
    folder: Path, patient: Patient, samples: tuple[tuple[str, str, tuple[Path, ...]], ...] = SERIES
) -> list[Made]:
    made = _written(folder, patient, samples)
    derived([path for one in made for path in one.files])
    examinations.link_study(study=Study.objects.latest("received_at"), by=SCRIPT)
    return made


def unpack(files: list[Member], folder: Path) -> Path:
    for member in files:
        target = folder / member.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"".join(member.stream()))
    return folder


@dataclass(frozen=True)
class Copy:
    folder: Path
    series: list[Made]
    files: list[Member]


def a_copy(folder: Path) -> Copy:
    """INDEX.HTM with VIEWER, and PHONE.HTM beside it."""
    patient = a_patient(family_name=HOSTILE[:40], given_name="Anna", birth_date=date(1958, 3, 21))
    sources = folder / "sources"
    sources.mkdir()
    series = archived(sources, patient)
    a_report(patient)
    return Copy(_of(the_examination(patient), folder), series, _files(the_examination(patient)))


def _files(examination: Examination) -> list[Member]:
    wanted = members.plan([Part(examination)])
    members.prepare(wanted)
    return members.viewer(wanted, language="pl", links=(Link("README.TXT", "Informacje"),))


def _of(examination: Examination, folder: Path) -> Path:
    wanted = members.plan([Part(examination)])
    members.prepare(wanted)
    single = members.single(wanted, language="uk")
    assert single
    return unpack([*_files(examination), single], folder / "copy")


@contextmanager
def rolled_back() -> Iterator[None]:
    """The database for a fixture of a module, which no mark of a test has made ready when it runs alone."""
    if "patients_patient" not in connection.introspection.table_names():
        call_command("migrate", verbosity=0)
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def png(data: bytes) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
