"""A PACS fixes the patient of a study by sending its objects again (1.5, correction 5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from klisza.accounts.models import Revocation
from klisza.archive import services
from klisza.archive.models import Correction, Instance, Quarantined, Resent, Series, Study, Superseded
from klisza.archive.services.waiting import take_in_waiting
from klisza.audit.actor import Actor
from klisza.audit.models import AuditEvent
from klisza.blobs import storage
from klisza.blobs.models import Blob
from tests.gateways.objects import IMPLICIT, encode, item, note

from .arriving import again, hidden, store, study_of, the_study

pytestmark = pytest.mark.django_db
STAFF = Actor("staff", id="s1")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: object) -> Path:
    settings.STORAGE_URL = f"file://{tmp_path}/blobs"  # type: ignore[attr-defined]
    return tmp_path / "blobs"


def _fixed(made: object, patient: str = "MRN2", **changes: object) -> list:  # type: ignore[type-arg]
    return [again(one, PatientID=patient, PatientName="Kowal^Jan", **changes) for one in made]  # type: ignore[attr-defined]


def _statuses(*made: object) -> list[str]:
    return [outcome.status for outcome in store(*made)]  # type: ignore[arg-type]


def test_while_they_disagree_nobody_sees_the_study() -> None:
    images = study_of(3)
    store(*images)

    assert _statuses(*_fixed(images[:2])) == ["resent", "resent"]

    study = the_study(images[0])
    assert (study.hidden_reason, study.patient_id) == ("mixed", "MRN1")
    assert hidden(*images) == ["mixed"] * 3
    assert Revocation.objects.count() == 1
    assert [row.kind for row in Correction.objects.all()] == ["mixed"]


def test_it_moves_when_all_agree() -> None:
    images = study_of(3)
    store(*images)
    fixed = _fixed(images, AccessionNumber="ACC2")

    store(*fixed)

    study = the_study(images[0])
    assert (study.patient_id, study.patient_name, study.accession_number) == ("MRN2", "Kowal^Jan", "ACC2")
    assert (study.state, study.hidden_reason) == (Study.State.RECEIVING, "moved")
    for one in fixed:
        row = Instance.objects.get(sop_instance_uid=one.SOPInstanceUID)
        assert storage.read(row.blob_id)[row.dataset_offset :] == encode(one)
    assert AuditEvent.objects.filter(action="study.moved").count() == 1
    assert not Resent.objects.exists()


def test_it_is_shown_once_it_was_linked_anew() -> None:
    """Until then the old patient could still be the one who looks."""
    images = study_of(2)
    store(*images, *_fixed(images))
    assert hidden(*images) == ["mixed"] * 2

    services.show_moved(study=the_study(images[0]))

    assert hidden(*images) == ["", ""]
    assert the_study(images[0]).hidden_reason == ""


def test_the_old_bytes_are_kept() -> None:
    images = study_of(2)
    store(*images, *_fixed(images))

    old = Superseded.objects.get(instance__sop_instance_uid=images[0].SOPInstanceUID)
    assert old.patient_id == "MRN1"
    assert storage.read(old.blob_id)[old.dataset_offset :] == encode(images[0])


def test_frames_are_looked_for_anew() -> None:
    images = study_of(1)
    store(*images)
    blob = Blob.objects.create(key="00" + "a" * 30, size=1, sha256="0" * 64, created_at="2026-01-01T00:00Z")
    Series.objects.update(full_metadata=blob)
    Instance.objects.update(frame_index=b"old", frame_syntax_uid="1.2")

    store(*_fixed(images))

    assert bytes(Instance.objects.get().frame_index) == b""
    assert Series.objects.get().full_metadata is None
    assert not Blob.objects.filter(pk=blob.pk).exists()


def test_going_back_ends_the_disagreement() -> None:
    images = study_of(2)
    store(*images, *_fixed(images[:1]))

    assert _statuses(images[0]) == ["duplicate"]

    assert hidden(*images) == ["", ""]
    assert the_study(images[0]).hidden_reason == ""
    assert [row.kind for row in Correction.objects.order_by("at")] == ["mixed", "unmixed"]
    assert not Resent.objects.exists()


def test_the_same_again_is_one_claim(place: Path) -> None:
    """L6"""
    images = study_of(2)
    store(*images)
    fixed = _fixed(images[:1])
    store(*fixed)
    files = sorted(place.rglob("*"))

    assert _statuses(*fixed, *fixed) == ["resent", "resent"]

    assert sorted(place.rglob("*")) == files
    assert Correction.objects.count() == 1


def test_three_patients_agree_on_nothing() -> None:
    images = study_of(2)
    store(*images, *_fixed(images[:1], "MRN2"), *_fixed(images[1:], "MRN3"))

    assert the_study(images[0]).hidden_reason == "mixed"

    store(*_fixed(images[1:], "MRN2"))
    assert the_study(images[0]).patient_id == "MRN2"


def test_new_instances_of_the_new_patient_count() -> None:
    images = study_of(3)
    store(*images[:2])
    fixed = _fixed(images)

    assert _statuses(fixed[0], fixed[2], fixed[1]) == ["resent", "stored", "resent"]

    study = the_study(images[0])
    assert (study.patient_id, study.hidden_reason) == ("MRN2", "moved")
    assert Instance.objects.count() == 3
    assert Superseded.objects.count() == 2


def test_a_new_instance_that_came_first_is_taken_in_later() -> None:
    images = study_of(2)
    store(images[0])
    fixed = _fixed(images)
    assert _statuses(fixed[1], fixed[0]) == ["quarantined", "resent"]
    services.show_moved(study=the_study(images[0]))

    assert take_in_waiting() == 1

    assert hidden(*images) == ["", ""]
    assert Quarantined.objects.get().resolved_at is not None
    assert take_in_waiting() == 0


def test_other_pixels_are_a_conflict() -> None:
    """R28"""
    images = study_of(2)
    store(*images)

    assert _statuses(*_fixed(images, PixelData=b"\7" * 128)) == ["conflict", "conflict"]

    assert the_study(images[0]).hidden_reason == ""
    assert hidden(*images) == ["", ""]


@pytest.mark.parametrize("keyword", ["SeriesInstanceUID", "SOPClassUID"])
def test_another_place_is_a_conflict(keyword: str) -> None:
    images = study_of(1)
    store(*images)

    assert _statuses(*_fixed(images, **{keyword: "1.2.840.10008.5.1.4.1.1.4"})) == ["conflict"]


def test_the_encoding_may_change() -> None:
    images = study_of(1)
    store(*images)

    assert [one.status for one in store(*_fixed(images), syntax=IMPLICIT)] == ["resent"]

    row = Instance.objects.get()
    assert row.transfer_syntax_uid == IMPLICIT
    assert storage.read(row.blob_id)[row.dataset_offset :] == encode(_fixed(images)[0], IMPLICIT)


@pytest.mark.parametrize(("text", "expected"), [("same", "resent"), ("another", "conflict")])
def test_a_document_is_compared_by_its_content(text: str, expected: str) -> None:
    """An SR has no pixels."""
    sr = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11", "PixelData": None}
    made = study_of(1, **sr, ContentSequence=[item(TextValue="same")])
    store(*made)

    assert _statuses(*_fixed(made, ContentSequence=[item(TextValue=text)])) == [expected]


def test_the_procedures_move_along() -> None:
    """The wrong worklist entry had named the wrong accession numbers too."""
    images = study_of(2, RequestAttributesSequence=[item(AccessionNumber="WRONG")])
    store(*images)

    store(*_fixed(images, RequestAttributesSequence=[item(AccessionNumber="RIGHT")]))

    assert Series.objects.get().requested_accessions == [["RIGHT", ""]]


def test_what_was_rejected_does_not_block_the_move() -> None:
    """The PACS takes one object back and sends the other one again."""
    images = study_of(2)
    store(*images, *_fixed(images[:1]))

    store(note("113038", images[1]))

    study = the_study(images[0])
    assert study.patient_id == "MRN2"
    services.show_moved(study=study)
    assert hidden(*images) == ["", "wrong_patient"]


def test_a_new_study_for_the_right_patient_and_a_note_for_the_old() -> None:
    """1.5, correction 6: other UIDs, and an IOCM note."""
    old = study_of(2)
    new = study_of(2, PatientID="MRN2")
    store(*old, *new, note("113038", *old))

    assert (the_study(old[0]).hidden_reason, the_study(new[0]).hidden_reason) == ("wrong_patient", "")
    assert hidden(*old, *new) == ["wrong_patient", "wrong_patient", "", ""]


@pytest.mark.parametrize(("accept", "patient", "reasons"), [
    (True, "MRN2", ["", "wrong_patient"]), (False, "MRN1", ["", ""]),
])  # fmt: skip
def test_staff_end_a_disagreement(accept: bool, patient: str, reasons: list[str]) -> None:
    images = study_of(2)
    store(*images, *_fixed(images[:1]))

    services.decide_mixed(study=the_study(images[0]), accept=accept, by=STAFF)
    services.show_moved(study=the_study(images[0]))

    assert the_study(images[0]).patient_id == patient
    assert hidden(*images) == reasons


def test_a_claim_during_the_move_keeps_it_hidden() -> None:
    images = study_of(2)
    store(*images, *_fixed(images), *_fixed(images[:1], "MRN3"))

    services.show_moved(study=the_study(images[0]))

    assert the_study(images[0]).hidden_reason == "mixed"
    assert hidden(*images) == ["mixed"] * 2


def test_the_cost_of_one_does_not_grow_with_the_study(django_assert_max_num_queries: object) -> None:
    images = study_of(40)
    store(*images, *_fixed(images[:30]))

    with django_assert_max_num_queries(25):  # type: ignore[operator]
        store(*_fixed(images[30:31]))
