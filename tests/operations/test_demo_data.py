"""The images of the demo: every header is an invented patient's, every UID ours, every source named."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread

from klisza.operations.demo import people

FOLDERS = sorted(path.name for path in (people.DATA / "images").iterdir())
INVENTED = {
    row["mrn"]: (f"{row['family_name']}^{row['given_name']}", row["birth_date"].replace("-", ""))
    for row in people.patients()
}


@pytest.fixture(scope="module", params=FOLDERS)
def files(request: pytest.FixtureRequest) -> list[Path]:
    return sorted((people.DATA / "images" / str(request.param)).glob("*.dcm"))


def test_the_header_is_an_invented_patients(files: list[Path]) -> None:
    for ds in (dcmread(file, stop_before_pixels=True) for file in files):
        assert (str(ds.PatientName), ds.PatientBirthDate) == INVENTED[ds.PatientID]
        assert ds.InstitutionName == "Szpital Pokazowy im. Marii Skłodowskiej"


def test_nothing_private_is_left(files: list[Path]) -> None:
    for file in files:
        ds = dcmread(file, stop_before_pixels=True)
        assert not [element.tag for element in ds.iterall() if element.tag.is_private]
        assert file.read_bytes()[:128] == bytes(128)


def test_every_uid_is_fresh(files: list[Path]) -> None:
    for ds in (dcmread(file, stop_before_pixels=True) for file in files):
        uids = (ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)
        assert all(uid.startswith("2.25.") for uid in uids)
        assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID


def test_every_folder_has_a_source() -> None:
    sources = (people.DATA / "SOURCES.md").read_text("utf-8")
    assert all(folder in sources for folder in FOLDERS)
