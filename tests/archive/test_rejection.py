"""N13: what a rejection note names is gone at once, whichever came first."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from klisza.accounts.models import Revocation
from klisza.accounts.services.revocation import subject_of
from klisza.archive import queries, services
from klisza.archive.errors import NoSuchNote
from klisza.archive.models import Correction, Instance, Study, Tombstone
from klisza.archive.services.rejection import reject_late
from klisza.audit.actor import Actor
from klisza.audit.models import AuditEvent
from tests.gateways.objects import DEFLATED, EXPLICIT, IMPLICIT, dataset, note

from .arriving import again, hidden, store, study_of, the_study

pytestmark = pytest.mark.django_db
STAFF = Actor("staff", id="s1")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: object) -> None:
    settings.STORAGE_URL = f"file://{tmp_path}/blobs"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("code", "reason"), [("113001", "quality"), ("113037", "safety"), ("113038", "wrong_patient")]
)
@pytest.mark.parametrize("first", ["images", "note"])
def test_what_a_note_names_is_hidden(code: str, reason: str, first: str) -> None:
    images = study_of(3)
    rejection = note(code, *images)

    store(*([*images, rejection] if first == "images" else [rejection, *images]))

    assert hidden(*images) == [reason] * 3
    assert hidden(rejection) == ["note"]
    assert the_study(images[0]).hidden_reason == reason
    assert queries.counts(the_study(images[0]).pk).instances == 0


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED])
def test_a_note_is_read_in_each_syntax(syntax: str) -> None:
    images = study_of(2)
    store(*images)
    rejection = note("113038", *images)
    rejection["CurrentRequestedProcedureEvidenceSequence"].is_undefined_length = True

    store(rejection, syntax=syntax)

    assert hidden(*images) == ["wrong_patient"] * 2


def test_what_it_does_not_name_stays() -> None:
    images = study_of(3)
    store(*images, note("113001", images[1]))

    assert hidden(*images) == ["", "quality", ""]
    assert the_study(images[0]).hidden_reason == ""


@pytest.mark.parametrize("code", ["113000", "113007", "113030", "113039", "113010"])
def test_other_key_objects_hide_nothing(code: str) -> None:
    """Of interest, for patient, manifest; 113039 waits for the policy that purges."""
    images = study_of(2)
    keys = note(code, *images)

    store(*images, keys)

    assert hidden(*images) == ["", ""]
    assert hidden(keys) == (["note"] if code == "113039" else [""])
    assert Tombstone.objects.count() == (2 if code == "113039" else 0)


def test_a_title_of_another_scheme_is_none() -> None:
    images = study_of(1)
    rejection = note("113038", *images)
    rejection.ConceptNameCodeSequence[0].CodingSchemeDesignator = "99OTHER"

    store(*images, rejection)

    assert hidden(*images) == [""]


def test_a_note_of_another_study_hides_nothing_here() -> None:
    """The study it names must be the one the instance is of."""
    images = study_of(1)
    lie = again(images[0], StudyInstanceUID=dataset().StudyInstanceUID)

    store(*images, note("113038", lie))

    assert hidden(*images) == [""]


def test_it_ends_tickets_and_is_recorded() -> None:
    images = study_of(2)
    store(*images)
    before = the_study(images[0])

    store(note("113038", *images))

    after = the_study(images[0])
    assert after.revision == before.revision + 1
    assert Revocation.objects.filter(subject=subject_of(str(after.pk))).exists()
    assert AuditEvent.objects.get(action="study.rejected").reason == "113038"
    found = Correction.objects.get()
    assert (found.kind, found.code, found.instances) == ("rejected", "113038", 2)


@pytest.mark.parametrize("code", ["113001", "113037", "113038"])
def test_a_rejected_instance_that_comes_again_stays_hidden(code: str) -> None:
    images = study_of(1)
    store(*images, note(code, *images))

    assert [one.status for one in store(*images)] == ["duplicate"]
    assert hidden(*images) != [""]


def test_its_successor_is_shown() -> None:
    """Sent after the note under a UID of its own."""
    old, new = study_of(1), dataset()
    store(*old, note("113001", *old))
    successor = again(new, StudyInstanceUID=old[0].StudyInstanceUID)

    store(successor)

    assert hidden(*old, successor) == ["quality", ""]
    assert the_study(successor).hidden_reason == ""


def test_the_same_note_again_changes_nothing() -> None:
    """L6"""
    images = study_of(1)
    rejection = note("113038", *images)
    store(*images, rejection, rejection, rejection)

    assert Correction.objects.count() == 1
    assert Tombstone.objects.count() == 1


def test_the_stronger_reason_stays() -> None:
    images = study_of(1)
    store(*images, note("113038", *images), note("113001", *images))

    assert hidden(*images) == ["wrong_patient"]


def test_staff_revoke_a_note() -> None:
    images = study_of(2)
    rejection = note("113037", *images)
    store(*images, rejection)

    count = services.revoke_rejection(note_uid=str(rejection.SOPInstanceUID), by=STAFF)

    assert count == 2
    assert hidden(*images) == ["", ""]
    assert the_study(images[0]).hidden_reason == ""
    assert list(Correction.objects.order_by("at").values_list("kind", flat=True)) == ["rejected", "restored"]


def test_another_note_still_counts() -> None:
    images = study_of(2)
    strong, weak = note("113038", *images), note("113001", images[0])
    store(*images, strong, weak)

    services.revoke_rejection(note_uid=str(strong.SOPInstanceUID), by=STAFF)

    assert hidden(*images) == ["quality", ""]


def test_a_revoked_note_does_not_wait_for_images() -> None:
    images = study_of(1)
    rejection = note("113038", *images)
    store(rejection)
    services.revoke_rejection(note_uid=str(rejection.SOPInstanceUID), by=STAFF)

    store(*images)

    assert hidden(*images) == [""]


def test_an_unknown_note_cannot_be_revoked() -> None:
    with pytest.raises(NoSuchNote):
        services.revoke_rejection(note_uid="1.2.3", by=STAFF)


def test_staff_reject_a_study() -> None:
    images = study_of(2)
    store(*images)

    uid = services.reject_study(study=the_study(images[0]), code="113038", by=STAFF)
    store(*images)

    assert hidden(*images) == ["wrong_patient"] * 2
    assert services.revoke_rejection(note_uid=uid, by=STAFF) == 2


def test_a_note_that_missed_its_images_is_found() -> None:
    """Both were written at one moment, neither saw the other."""
    images = study_of(2)
    store(*images, note("113038", *images))
    Instance.objects.exclude(hidden_reason="note").update(hidden_reason="")
    Study.objects.update(hidden_reason="")

    assert reject_late() == 2
    assert hidden(*images) == ["wrong_patient"] * 2
    assert reject_late() == 0


def test_a_large_note_is_one_transaction(django_assert_max_num_queries: object) -> None:
    images = study_of(1200)
    store(*images[:3])

    with django_assert_max_num_queries(60):  # type: ignore[operator]
        store(note("113038", *images))

    assert hidden(*images[:3]) == ["wrong_patient"] * 3
    assert Tombstone.objects.count() == 1200


def test_names_of_nothing_are_harmless() -> None:
    rejection = note("113038")
    rejection.CurrentRequestedProcedureEvidenceSequence = []

    assert [one.status for one in store(rejection)] == ["stored"]
    assert uuid.UUID(str(Instance.objects.get().pk))
