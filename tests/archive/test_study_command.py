"""`klisza study`: what staff decide when the hospital's archive does not."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from .arriving import again, hidden, store, study_of, the_study

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: object) -> None:
    settings.STORAGE_URL = f"file://{tmp_path}/blobs"  # type: ignore[attr-defined]


def _study(*arguments: str) -> str:
    out = StringIO()
    call_command("study", *arguments, stdout=out)
    return out.getvalue()


def test_a_study_is_rejected_and_restored() -> None:
    images = study_of(2)
    store(*images)

    said = _study("reject", str(images[0].StudyInstanceUID), "--as", "wrong-patient")
    assert hidden(*images) == ["wrong_patient"] * 2
    note = said.split()[-1]
    assert note in _study("list")

    assert _study("restore", note) == "2 objects are shown again\n"
    assert hidden(*images) == ["", ""]
    assert _study("list") == ""


def test_a_disagreement_is_ended() -> None:
    images = study_of(2)
    store(*images, again(images[0], PatientID="MRN2"))
    assert "mixed" in _study("list")

    _study("decide", str(images[0].StudyInstanceUID), "--patient", "old")

    assert hidden(*images) == ["", ""]
    assert the_study(images[0]).patient_id == "MRN1"


def test_unknown_names_are_refused() -> None:
    for arguments in (["restore", "1.2.3"], ["reject", "1.2.3", "--as", "quality"]):
        with pytest.raises(CommandError, match="no such"):
            _study(*arguments)
