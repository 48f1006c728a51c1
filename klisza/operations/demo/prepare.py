"""Makes `data/images` and `data/reports` from the sample sets; run once, its results are in the repository.

    python -m klisza.operations.demo.prepare SAMPLES

SAMPLES: folder of the DICOM files that data/SOURCES.md names; data/series.json says which become what.
Pixels stay as they are, in their own transfer syntax. Of every header only what a viewer needs is kept
(data/kept.txt); names, dates, numbers and UIDs are the demo patient's.
"""

from __future__ import annotations

import html
import json
import sys
import uuid
from datetime import date, datetime
from pathlib import Path
from string import Template
from typing import Any

from pydicom import Dataset, dcmread, dcmwrite
from pydicom.datadict import keyword_for_tag

DATA = Path(__file__).parent / "data"
NAMESPACE = uuid.UUID("6f0f2a3c-8c1e-4f3b-9a55-2f1d6a0b7e11")
KEPT = frozenset((DATA / "kept.txt").read_text("ascii").split())
SERIES: dict[str, dict[str, Any]] = json.loads((DATA / "series.json").read_text("utf-8"))
HOSPITAL = "Szpital Pokazowy im. Marii Skłodowskiej"
SENDER_MARKS = ("SourceApplicationEntityTitle", "ImplementationVersionName")

Words = dict[str, Any]


def fresh_uid(original: object) -> str:
    """The same original gives the same new UID, so references inside a series hold (PS3.5 B.2)."""
    return f"2.25.{uuid.uuid5(NAMESPACE, str(original)).int}"


def keep_only_what_a_viewer_needs(ds: Dataset) -> None:
    for tag in list(ds.keys()):
        if keyword_for_tag(tag) not in KEPT:
            del ds[tag]
        elif ds[tag].VR == "SQ":
            for item in ds[tag].value:
                keep_only_what_a_viewer_needs(item)


def name_the_patient(ds: Dataset, patient: Words) -> None:
    ds.SpecificCharacterSet = patient.get("charset", "ISO_IR 192")
    ds.PatientName = f"{patient['family_name']}^{patient['given_name']}"
    ds.PatientID = patient["mrn"]
    ds.PatientBirthDate = patient["birth_date"].replace("-", "")
    ds.PatientSex = patient["sex"]


def name_the_study(ds: Dataset, examination: Words) -> None:
    ds.StudyInstanceUID = fresh_uid(examination["folder"])
    ds.AccessionNumber = examination["accession_number"]
    ds.StudyID = "1"
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = examination["date"]
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = examination["time"]
    ds.StudyDescription = examination["description"]
    ds.Manufacturer = ds.ReferringPhysicianName = ""
    ds.InstitutionName = HOSPITAL
    ds.Modality = SERIES[examination["folder"]]["modality"]


def name_the_series(ds: Dataset, folder: str, number: int) -> None:
    ds.SeriesInstanceUID = fresh_uid(f"{folder}/{number}")
    ds.SOPInstanceUID = fresh_uid(f"{folder}/{ds.SOPInstanceUID}")
    if "FrameOfReferenceUID" in ds:
        ds.FrameOfReferenceUID = fresh_uid(ds.FrameOfReferenceUID)
    ds.SeriesNumber = number
    recipe = SERIES[folder]["series"][number - 1]
    ds.SeriesDescription = recipe["name"]
    if "window" in recipe:
        ds.WindowCenter, ds.WindowWidth = recipe["window"]


def clean_meta(ds: Dataset) -> None:
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    for mark in SENDER_MARKS:
        if mark in ds.file_meta:
            delattr(ds.file_meta, mark)
    ds.preamble = b"\0" * 128


def read_series(samples: Path, recipe: Words) -> list[Dataset]:
    found: list[Dataset] = [dcmread(path) for path in samples.glob(recipe["from"]) if path.suffix != ".txt"]
    found.sort(key=lambda ds: int(ds.get("InstanceNumber") or 0))
    return found[: recipe.get("first")]


def make_images(samples: Path, patient: Words, examination: Words) -> None:
    folder = examination["folder"]
    (DATA / "images" / folder).mkdir(parents=True, exist_ok=True)
    for number, recipe in enumerate(SERIES[folder]["series"], start=1):
        for position, ds in enumerate(read_series(samples, recipe), start=1):
            keep_only_what_a_viewer_needs(ds)
            name_the_patient(ds, patient)
            name_the_study(ds, examination)
            name_the_series(ds, folder, number)
            ds.InstanceNumber = position
            clean_meta(ds)
            dcmwrite(DATA / "images" / folder / f"{number}-{position:03d}.dcm", ds, enforce_file_format=True)


def make_report(patient: Words, examination: Words) -> None:
    from weasyprint import HTML

    report = examination["report"]
    performed = datetime.fromisoformat(f"{examination['date']}T{examination['time']}")
    words = {
        **report,
        "title": f"Opis badania {examination['accession_number']}",
        "description": examination["description"],
        "person": f"{patient['given_name']} {patient['family_name']}",
        "born": f"{date.fromisoformat(patient['birth_date']):%d.%m.%Y}",
        "mrn": patient["mrn"],
        "accession_number": examination["accession_number"],
        "performed": f"{performed:%d.%m.%Y, %H:%M}",
        "issued": f"{datetime.fromisoformat(report['issued_at']):%d.%m.%Y, %H:%M}",
    }
    safe = {name: html.escape(str(value)) for name, value in words.items()}
    safe["findings"] = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in report["findings"])
    page = Template((DATA / "report.html").read_text("utf-8")).substitute(safe)
    (DATA / "reports").mkdir(exist_ok=True)
    HTML(string=page).write_pdf(DATA / "reports" / report_file(examination), pdf_tags=True)


def report_file(examination: Words) -> str:
    return examination["accession_number"].replace("/", "-") + ".pdf"


def main(samples: Path) -> None:
    for patient in json.loads((DATA / "patients.json").read_text("utf-8")):
        for examination in patient["examinations"]:
            if examination["folder"]:
                make_images(samples, patient, examination)
            if "report" in examination:
                make_report(patient, examination)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
