"""Objects put aside: what differs, and the end of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from klisza.archive.models import Instance, Quarantined
from klisza.audit.models import AuditEvent
from tests.archive.arriving import again, store, study_of

from .desk import allowed, audited, page, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: object) -> None:
    settings.STORAGE_URL = f"file://{tmp_path}/blobs"  # type: ignore[attr-defined]


@pytest.fixture
def radiology() -> Client:
    return signed_in("radiology")


def conflict(**changes: object) -> Quarantined:
    (image,) = study_of(1)
    store(image)
    assert store(again(image, **changes))[0].status == "conflict"
    return Quarantined.objects.get()


def test_what_differs_is_shown_side_by_side(radiology: Client) -> None:
    row = conflict(StudyDescription="CT of the head")
    text = page(radiology, f"/staff/objects/{row.pk}/")
    assert "only what is written about them differs" in text
    assert "<dd>CT of the head</dd>" in text
    assert "Accession number" not in text
    assert audited("staff.object_viewed") == 1


def test_other_pictures_are_told(radiology: Client) -> None:
    row = conflict(PixelData=b"\x01\x02" * 32)
    assert "The pictures themselves differ." in page(radiology, f"/staff/objects/{row.pk}/")


def test_one_of_another_patient_beside_its_study(radiology: Client) -> None:
    first, second = study_of(2)
    store(first)
    assert store(again(second, PatientID="MRN2", PatientName="Kowal^Jan"))[0].status == "quarantined"
    row = Quarantined.objects.get()
    text = page(radiology, f"/staff/objects/{row.pk}/")
    assert "<dd>Jan Kowal</dd>" in text
    assert f"/staff/studies/{row.study_id}/" in text


def test_an_unreadable_one_says_what_is_wrong(radiology: Client) -> None:
    (image,) = study_of(1)
    del image.SeriesInstanceUID
    store(image)
    text = page(radiology, f"/staff/objects/{Quarantined.objects.get().pk}/")
    assert "SeriesInstanceUID is missing" in text
    assert "What differs" not in text


def test_a_decision_takes_it_off_the_list(radiology: Client) -> None:
    row = conflict(StudyDescription="CT of the head")
    path = f"/staff/objects/{row.pk}/"
    assert radiology.post(path).status_code == 400
    assert radiology.post(path, {"reason": "asked the department"}).status_code == 302
    assert path not in page(radiology, "/staff/objects/")
    event = AuditEvent.objects.get(action="object.dismissed")
    assert (event.agent_kind, event.reason) == ("staff", "asked the department")
    assert Instance.objects.count() == 1


def test_who_may() -> None:
    """R14"""
    row = conflict(StudyDescription="CT of the head")
    path = f"/staff/objects/{row.pk}/"
    assert allowed(path) == ["registration", "radiology", "integration", "admin"]
    assert signed_in("clinic").post(path, {"reason": "asked the department"}).status_code == 403
