"""What the worker makes of a settled study."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from klisza.archive import queries
from klisza.archive.models import Instance, Series, Study
from klisza.archive.services import derive
from klisza.base import sandbox
from klisza.base.errors import SandboxFailed
from klisza.blobs import services as blobs
from klisza.blobs.models import Blob

from .studies import ct, derived, keep, slices, write

pytestmark = pytest.mark.django_db


def test_a_settled_study_gets_everything(tmp_path: Path) -> None:
    instances = derived(slices(tmp_path))

    series, study = Series.objects.get(), Study.objects.get()
    assert study.derived_revision == study.revision
    assert blobs.read(series.preview_id)[:3] == b"\xff\xd8\xff"
    assert blobs.read(series.thumbnail_id)[:3] == b"\xff\xd8\xff"
    assert len(json.loads(gzip.decompress(blobs.read(series.metadata_id)))) == 3
    assert len(json.loads(gzip.decompress(blobs.read(series.full_metadata_id)))) == 3
    assert all(instance.frame_index and not instance.unshowable for instance in instances)


def test_nothing_is_done_twice(tmp_path: Path) -> None:
    derived(slices(tmp_path))

    assert derive.run_derive() == 0


def test_a_new_revision_replaces_the_old_results(tmp_path: Path) -> None:
    derived(slices(tmp_path))
    before, old = Blob.objects.count(), Series.objects.get().metadata_id

    Study.objects.update(revision=2, settles_at=timezone.now())
    assert derive.run_derive() == 1

    assert Blob.objects.count() == before
    assert Series.objects.get().metadata_id != old


def test_a_study_reopened_meanwhile_is_left(tmp_path: Path) -> None:
    derived(slices(tmp_path))
    stale = Study.objects.get()
    Study.objects.update(revision=7)

    assert derive.derive_study(stale) is False
    assert Study.objects.get().derived_revision == 1


def test_one_bad_instance_costs_only_itself(tmp_path: Path) -> None:
    """R22, R24: pixel data that is too short; the others are drawn."""
    files = slices(tmp_path)
    short = ct(
        np.zeros((8, 6)),
        study=_uid(files[0], "StudyInstanceUID"),
        series=_uid(files[0], "SeriesInstanceUID"),
        number=9,
    )
    short.PixelData = short.PixelData[:-10]

    instances = derived([*files, write(short, tmp_path)])

    assert [bool(instance.unshowable) for instance in instances] == [False, False, False, True]
    assert queries.series_of([Study.objects.get().pk])[0].frame_count == 3


def test_the_killer_of_the_sandbox_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R22: whatever dies with one instance in it is halved until that instance is alone."""
    files = slices(tmp_path, 5)
    victim = str(keep(files)[3].pk)
    real = sandbox.call

    def deadly(function: str, arguments: dict[str, Any], **more: Any) -> Any:
        if any(entry["id"] == victim for entry in arguments["instances"]):
            raise SandboxFailed("crash: SIGABRT")
        return real(function, arguments, **more)

    monkeypatch.setattr(sandbox, "call", deadly)
    Study.objects.update(settles_at=timezone.now(), state="settled", revision=1)
    derive.run_derive()

    marked = Instance.objects.exclude(unshowable="")
    assert [str(instance.pk) for instance in marked] == [victim]
    assert "breaks the decoder" in marked[0].unshowable
    assert Series.objects.get().preview is not None


def test_frames_outside_the_file_are_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox that was taken over must not make the server read elsewhere."""
    real = sandbox.call

    def lying(function: str, arguments: dict[str, Any], **more: Any) -> Any:
        answer = real(function, arguments, **more)
        for item in answer["instances"].values():
            item["pieces"] = {"first": 0, "length": 10**9, "count": 1}
        return answer

    monkeypatch.setattr(sandbox, "call", lying)
    instances = derived(slices(tmp_path, 1))

    assert instances[0].unshowable
    assert instances[0].frame_index == b""


def test_hidden_instances_are_left_out(tmp_path: Path) -> None:
    instances = keep(slices(tmp_path))
    Instance.objects.filter(pk=instances[1].pk).update(hidden_reason="rejected")
    Study.objects.update(state="settled", revision=1)
    derive.run_derive()

    card = queries.series_of([Study.objects.get().pk])[0]
    assert (card.instance_count, card.frame_count) == (2, 2)
    assert len(json.loads(gzip.decompress(blobs.read(Series.objects.get().metadata_id)))) == 2


class TestSeriesCards:
    def test_images_come_before_texts(self, tmp_path: Path) -> None:
        study = "1.2.826.0.1.3680043.8.498.1"
        report = ct(np.zeros((4, 4)), study=study, Modality="SR", SeriesNumber=1)
        for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "NumberOfFrames"):
            if keyword in report:
                delattr(report, keyword)
        image = ct(np.zeros((4, 4)) + np.arange(4), study=study, SeriesNumber=2, SeriesDescription="HEAD 1.0")

        derived([write(report, tmp_path), write(image, tmp_path)])

        cards = queries.series_of([Study.objects.get().pk])
        assert [card.modality for card in cards] == ["CT", "SR"]
        assert [card.showable for card in cards] == [True, False]
        assert cards[0].title == "HEAD 1.0"
        assert queries.settled(10) == [Study.objects.get()]
        assert queries.counts(Study.objects.get().pk) == queries.StudyCounts(series=2, instances=2, frames=1)

    def test_cine_tells_its_frame_time(self, tmp_path: Path) -> None:
        pixels = np.arange(3 * 16).reshape(3, 4, 4)
        derived([write(ct(pixels, NumberOfFrames="3", FrameTime=40.0, Modality="US"), tmp_path)])

        card = queries.series_of([Study.objects.get().pk])[0]
        assert (card.frame_count, card.frame_time_ms) == (3, 40.0)


def test_hostile_files_never_harm_the_worker(samples: Path, tmp_path: Path) -> None:
    """R21-R25: every hostile file that could be stored is derived within its limits; the next good study is
    drawn."""
    from klisza.archive.services import store_instance

    from .studies import SOURCE

    files = sorted(file for file in (samples / "hostile").rglob("*.dcm"))
    stored = [store_instance(part10=file, source=SOURCE).status for file in files]
    good = derived(slices(tmp_path))

    assert files
    assert not Study.objects.exclude(derived_revision=1).exists()
    assert all(not instance.unshowable for instance in good)
    assert set(stored) <= {"stored", "duplicate", "conflict", "quarantined", "refused"}


def _uid(path: Path, keyword: str) -> str:
    from pydicom import dcmread

    return str(dcmread(path)[keyword].value)
