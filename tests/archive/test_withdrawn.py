"""N13: what a note took back is behind none of the doors, from the moment of the commit."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pydicom import dcmread
from pydicom.dataset import Dataset

from klisza.accounts import services as accounts
from klisza.archive import queries, tickets
from klisza.archive.dicomweb import machines
from klisza.archive.dicomweb.index import FRESH_SECONDS
from klisza.archive.models import Instance, Series, Study
from klisza.archive.services.derive import run_derive
from klisza.archive.services.settle import settle_due
from klisza.audit.actor import SYSTEM
from klisza.base.errors import NotFound
from klisza.base.ids import opaque_uid
from tests.gateways.objects import note

from .arriving import again, store
from .studies import derived, get, slices

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    machines._known.clear()
    machines._audited.clear()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return slices(tmp_path)


@pytest.fixture
def images(files: list[Path]) -> list[Instance]:
    return derived(files)


def _read(files: list[Path]) -> list[Dataset]:
    """Without the meta group: as they travel."""
    made = [Dataset() for _ in files]
    for one, file in zip(made, files, strict=True):
        one.update(dcmread(file))
    return made


def _machine(path: str, **headers: str) -> Any:
    token = accounts.create_client(
        name=f"c{time.monotonic_ns()}", scopes=["dicomweb:read"], issuer="", by=SYSTEM
    )
    return get(f"/dicom-web/{path}", HTTP_AUTHORIZATION=f"Bearer {token}", **headers)


def _browser(instance: Instance) -> tuple[str, str]:
    """Address of the series by a new ticket, and the instance's part of it."""
    series = instance.series
    ticket = tickets.issue(holder="me", study_ids=[series.study_id])
    base = f"/dicom-web/t/{ticket}/studies/{opaque_uid(series.study_id)}/series/{opaque_uid(series.pk)}"
    return base, f"{base}/instances/{opaque_uid(instance.pk)}/frames/1"


def _wait() -> None:
    time.sleep(FRESH_SECONDS + 0.1)


def test_the_viewer_gets_nothing_of_it(files: list[Path], images: list[Instance]) -> None:
    assert get(_browser(images[1])[1]).status == 200

    store(note("113038", _read(files)[1]))
    _wait()

    base, frame = _browser(images[1])
    assert get(frame).status == 404
    assert get(_browser(images[0])[1]).status == 200
    known = json.loads(get(f"{base}/metadata").body)
    assert [item["00080018"]["Value"][0] for item in known] == [
        opaque_uid(images[0].pk), opaque_uid(images[2].pk),
    ]  # fmt: skip


def test_a_preview_of_it_is_not_shown(files: list[Path], images: list[Instance]) -> None:
    """It may be the very picture that was taken back; a new one is made when the study has settled."""
    store(note("113038", _read(files)[1]))
    _wait()
    base = _browser(images[0])[0]
    assert get(f"{base}/thumbnail").status == 404

    Study.objects.update(settles_at=timezone.now())
    settle_due()
    while run_derive():
        pass
    _wait()

    assert get(f"{base}/thumbnail").status == 200


def test_an_old_ticket_is_worth_nothing(files: list[Path], images: list[Instance]) -> None:
    frame = _browser(images[0])[1]
    store(note("113038", _read(files)[1]))
    time.sleep(tickets.POLL_SECONDS + 0.1)

    assert get(frame).status == 401


def test_machines_find_nothing_of_it(files: list[Path], images: list[Instance]) -> None:
    made = _read(files)
    study, series = made[0].StudyInstanceUID, made[0].SeriesInstanceUID

    store(note("113038", *made))

    assert json.loads(_machine("studies").body) == []
    assert json.loads(_machine(f"studies/{study}/series").body) == []
    assert json.loads(_machine(f"studies/{study}/instances").body) == []
    for path in (
        "",
        "/metadata",
        f"/series/{series}",
        f"/series/{series}/instances/{made[0].SOPInstanceUID}",
    ):
        assert _machine(f"studies/{study}{path}").status == 404


def test_a_running_transfer_breaks_off(files: list[Path], images: list[Instance]) -> None:
    """Whole study to a machine: what goes meanwhile is not sent any more."""
    from klisza.archive.dicomweb import wado

    made = _read(files)
    answer = wado.retrieve(wado.find(str(made[0].StudyInstanceUID), newest=True), [], {}, {})
    body = iter(answer.body)
    next(body)
    store(note("113038", *made))

    with pytest.raises(NotFound):
        list(body)


def test_pages_count_nothing_of_it(files: list[Path], images: list[Instance]) -> None:
    study = images[0].series.study_id
    store(note("113037", *_read(files)))

    assert queries.series_of([study]) == []
    assert queries.counts(study).instances == 0


def test_a_study_of_two_patients_is_behind_no_door(files: list[Path], images: list[Instance]) -> None:
    made = _read(files)
    store(again(made[0], PatientID="OTHER"))
    _wait()

    assert get(_browser(images[1])[1]).status == 404
    assert _machine(f"studies/{made[0].StudyInstanceUID}").status == 404
    assert queries.series_of([images[0].series.study_id]) == []


def test_a_moved_study_names_the_new_patient_only(files: list[Path], images: list[Instance]) -> None:
    from klisza.archive.services import show_moved

    made = _read(files)
    store(*[again(one, PatientID="OTHER", PatientName="Kowal^Jan") for one in made])
    show_moved(study=Study.objects.get())
    uid = made[0].StudyInstanceUID

    assert _machine(f"studies/{uid}/metadata").status == 503  # not the old patient's, not yet the new one's

    Study.objects.update(settles_at=timezone.now())
    settle_due()
    while run_derive():
        pass
    body = _machine(f"studies/{uid}/metadata").body
    assert b"OTHER" in body
    assert b"4711" not in body
    whole = _machine(f"studies/{uid}").body
    assert whole.count(b"OTHER") == 3
    assert b"4711" not in whole
    _wait()
    assert get(_browser(images[1])[1]).status == 200
    assert Series.objects.get().preview_id is not None


def test_a_study_without_anything_left_is_derived(files: list[Path], images: list[Instance]) -> None:
    """Its previews go, and the worker does not try for ever."""
    store(note("113038", *_read(files)))
    Study.objects.update(settles_at=timezone.now())
    settle_due()
    while run_derive():
        pass

    study = Study.objects.get()
    assert study.derived_revision == study.revision
    assert Series.objects.get(modality="CT").preview_id is None
