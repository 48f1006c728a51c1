"""Rejected and moved images: the examination follows, and the privacy officer reads who had looked (N13)."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from klisza.archive.models import Correction, Instance, Study
from klisza.archive.services.settle import settle_due
from klisza.audit.actor import SYSTEM
from klisza.examinations import queries
from klisza.examinations.jobs import run_corrections, run_early_linking, run_linking
from klisza.examinations.models import Breach, Examination, ExaminationStudy, Images
from klisza.examinations.services import note_opened
from klisza.patients.models import Patient
from tests.archive.arriving import again, store, study_of, the_study
from tests.gateways.objects import note

from .given import BORN, a_patient, mrn_of, viewer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: object) -> None:
    settings.STORAGE_URL = f"file://{tmp_path}/blobs"  # type: ignore[attr-defined]


def _images(patient: Patient, count: int = 2) -> list:  # type: ignore[type-arg]
    name = f"{patient.family_name}^{patient.given_name}"
    return study_of(
        count, PatientID=mrn_of(patient), PatientName=name, PatientBirthDate=f"{patient.birth_date:%Y%m%d}"
    )


def _settle() -> None:
    Study.objects.update(settles_at=timezone.now())
    settle_due()
    run_linking()


def _follow() -> None:
    while run_corrections():
        pass


def _sees(patient: Patient) -> bool:
    return any(queries.images_open(one) for one in queries.visible(viewer(patient), purpose="images"))


def _two() -> tuple[Patient, Patient]:
    return a_patient(), a_patient(family_name="Kowal", given_name="Jan", birth_date=BORN)


def test_rejected_images_leave_the_list() -> None:
    patient = a_patient()
    images = _images(patient)
    store(*images)
    _settle()
    assert _sees(patient)

    store(note("113038", *images))
    _follow()

    assert not _sees(patient)
    assert Examination.objects.get().images == Images.WITHDRAWN


def test_a_breach_names_who_looked() -> None:
    patient = a_patient()
    images = _images(patient)
    store(*images)
    _settle()
    note_opened(viewer(patient), Examination.objects.get())

    store(note("113038", *images))
    _follow()

    breach = Breach.objects.get()
    assert (breach.cause, breach.was_visible, breach.patient) == ("rejection_note", True, patient)
    assert [look["action"] for look in breach.seen] == ["examination.opened"]


def test_it_is_a_breach_although_another_job_was_faster() -> None:
    patient = a_patient()
    images = _images(patient)
    store(*images)
    _settle()
    store(note("113037", *images))
    run_early_linking()

    _follow()

    assert Breach.objects.get().was_visible


@pytest.mark.parametrize("code", ["113001", "113039"])
def test_bad_quality_is_no_breach(code: str) -> None:
    patient = a_patient()
    images = _images(patient)
    store(*images)
    _settle()

    store(note(code, *images))
    _follow()

    assert not Breach.objects.exists()
    assert _sees(patient) is (code == "113039")


def test_images_rejected_before_they_came_are_none() -> None:
    patient = a_patient()
    images = _images(patient)
    store(note("113038", *images), *images)
    _settle()
    _follow()

    assert not _sees(patient)
    assert not Breach.objects.exists()


def test_a_moved_study_changes_hands() -> None:
    """L8: at no step both see it, and none of them in between."""
    old, new = _two()
    images = _images(old)
    store(*images)
    _settle()
    fixed = [again(one, PatientID=mrn_of(new), PatientName="Kowal^Jan") for one in images]

    store(fixed[0])
    assert not Instance.objects.filter(hidden_reason="").exists()
    _follow()
    assert not _sees(old)
    assert not _sees(new)

    store(fixed[1])
    assert not Instance.objects.filter(hidden_reason="").exists()
    _follow()
    assert not _sees(old)
    assert ExaminationStudy.objects.get().examination.patient == new

    _settle()
    _follow()
    assert _sees(new)
    assert not _sees(old)
    breach = Breach.objects.get()
    assert (breach.patient, breach.cause, breach.was_visible) == (old, "moved_study", True)


def test_a_study_moved_to_nobody_known_is_shown_to_nobody() -> None:
    old = a_patient()
    images = _images(old)
    store(*images)
    _settle()

    store(*[again(one, PatientID="UNKNOWN") for one in images])
    _follow()

    assert not ExaminationStudy.objects.exists()
    assert the_study(images[0]).hidden_reason == ""
    assert not _sees(old)


def test_each_correction_is_followed_once() -> None:
    patient = a_patient()
    images = _images(patient)
    store(*images, note("113038", *images))

    _follow()

    assert not Correction.objects.filter(handled_at=None).exists()
    assert run_corrections() == 0


def test_a_restored_study_is_seen_again() -> None:
    from klisza.archive.services import revoke_rejection

    patient = a_patient()
    images = _images(patient)
    rejection = note("113038", *images)
    store(*images, rejection)
    _settle()
    _follow()

    revoke_rejection(note_uid=str(rejection.SOPInstanceUID), by=SYSTEM)
    _follow()

    assert _sees(patient)
