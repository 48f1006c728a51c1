"""R63: DICOM objects that are reports leave with no copy while any report may not be read."""

from __future__ import annotations

import pytest

from klisza.archive.models import Series
from klisza.examinations.models import Examination
from klisza.exports import queries
from klisza.exports.options import Options
from klisza.patients.models import Patient
from tests.examinations.given import (
    a_patient,
    a_report,
    a_series,
    an_examination,
    an_instance,
    moment,
    viewer,
)

pytestmark = pytest.mark.django_db
SR = "1.2.840.10008.5.1.4.1.1.88.11"


@pytest.fixture
def patient() -> Patient:
    return a_patient()


def with_sr(patient: Patient) -> Examination:
    examination = an_examination(patient, accession_number="ACC1")
    series: Series = a_series(examination.study_links.get().study, "SR", 0)
    an_instance(series, b"DICM-sr", sop_class_uid=SR, number_of_frames=0)
    return examination


def contents(examination: Examination) -> queries.Content:
    return queries.content(viewer(examination.patient), [examination.pk], Options())


def reports_in(examination: Examination) -> list[str]:
    return [image.sop_class_uid for image in contents(examination).images if image.sop_class_uid == SR]


@pytest.mark.parametrize("status", ["P", "X"])
def test_one_of_two_that_may_not_be_read_closes_all(patient: Patient, status: str) -> None:
    """Nobody can tell of which report the object in the archive is the copy."""
    examination = with_sr(patient)
    a_report(patient, key="R1")
    assert reports_in(examination) == [SR]
    a_report(patient, key="R2", issued_at=moment(22))
    a_report(patient, key="R3" if status == "P" else "R2", status=status, issued_at=moment(23))
    assert reports_in(examination) == []


def test_a_copy_under_way_ends_when_the_object_goes(patient: Patient) -> None:
    examination = with_sr(patient)
    a_report(patient)
    found = contents(examination)
    assert queries.still(viewer(patient), found)
    a_report(patient, status="X", issued_at=moment(23))
    assert not queries.still(viewer(patient), found)
