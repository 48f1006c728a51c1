"""What the worker makes of a settled study: frame indices, renditions, viewer metadata, previews.

Everything is decoded in the sandbox; here only numbers and finished files are taken over. It can be made
again at any time.
"""

from __future__ import annotations

import hashlib
import hmac
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F

from klisza.archive import frames
from klisza.archive.models import Instance, Series, Study
from klisza.base import sandbox, sealing
from klisza.base.errors import SandboxFailed
from klisza.base.ids import opaque_uid
from klisza.blobs import services as blobs
from klisza.blobs.models import Blob

log = structlog.get_logger(__name__)

STUDIES_A_RUN = 5
RENDER = "klisza.standards.dicom.render:series"
MEMORY_MB = 2048
CPU_SECONDS, CPU_SECONDS_MOST = 10.0, 240.0
CPU_SECONDS_PER_INSTANCE = 0.05
CPU_SECONDS_PER_MEGABYTE = 0.15  # of decoded pixels; JPEG 2000, the slowest, takes 0.07 here
REASONS = {
    "time": "drawing it takes too long; it can be downloaded",
    "memory": "drawing it takes too much memory; it can be downloaded",
}
CRASHED = "the picture breaks the decoder; it can be downloaded"


@dataclass
class Made:
    """Durable results of one series; nothing in the database yet."""

    instances: dict[str, dict[str, Any]]
    frame_time_ms: float | None
    files: dict[str, blobs.Stored] = field(default_factory=dict)


def run_derive() -> int:
    """Derive the oldest studies whose results are those of an earlier revision; returns how many were
    done."""
    pending = (
        Study.objects.filter(state=Study.State.SETTLED)
        .exclude(derived_revision=F("revision"))
        .order_by("last_received_at")
        .only("id", "revision")[:STUDIES_A_RUN]
    )
    return sum(derive_study(study) for study in list(pending))


def derive_study(study: Study) -> bool:
    """Make everything for one study and write it in one transaction; False when the study changed
    meanwhile."""
    made = {series.pk: _derive_series(study, series) for series in Series.objects.filter(study=study)}
    with transaction.atomic():
        current = Study.objects.select_for_update().filter(pk=study.pk, revision=study.revision).first()
        if current is None:
            return False  # the bytes just made have no row: the sweep takes them
        for series in Series.objects.filter(study=study):
            if series.pk in made:
                _keep(series, made[series.pk])
        Study.objects.filter(pk=study.pk).update(derived_revision=study.revision)
    log.info("study_derived", study=str(study.pk), revision=study.revision, series=len(made))
    return True


def uid_key(study_id: uuid.UUID) -> str:
    """Key under which the sandbox maps frames of reference; another one for each study, so it gives nothing
    else away."""
    return hmac.new(sealing.key_for("frame of reference"), study_id.bytes, hashlib.sha256).hexdigest()


@contextmanager
def working_folder() -> Iterator[Path]:
    parent = Path(settings.DATA_DIR) / "work"
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="derive-", dir=parent, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _derive_series(study: Study, series: Series) -> Made:
    instances = list(
        Instance.objects.filter(series=series, hidden_reason="").select_related("blob").defer("frame_index")
    )
    bad: dict[str, dict[str, Any]] = {}
    while True:
        good = [instance for instance in instances if str(instance.pk) not in bad]
        with working_folder() as folder:
            try:
                answer = _call(study, series, good, folder)
                return _store(answer, bad, folder)
            except SandboxFailed as failed:
                found = _killers(study, series, good, failed.reason)
        log.warning("instances_unshowable", series=str(series.pk), count=len(found))
        bad |= {str(instance.pk): _unshowable(reason) for instance, reason in found}


def _call(
    study: Study, series: Series, instances: list[Instance], folder: Path, *, preview: bool = True
) -> dict[str, Any]:
    megabytes = sum(
        min(i.rows, 65535) * min(i.columns, 65535) * max(1, i.number_of_frames) * 2 / 1e6 for i in instances
    )
    seconds = CPU_SECONDS + CPU_SECONDS_PER_INSTANCE * len(instances) + CPU_SECONDS_PER_MEGABYTE * megabytes
    seconds = min(CPU_SECONDS_MOST, seconds)
    answer: dict[str, Any] = sandbox.call(
        RENDER,
        {
            "instances": [
                {"id": str(i.pk), "path": str(blobs.open_path(i.blob_id)), "opaque_uid": opaque_uid(i.pk)}
                for i in instances
            ],
            "opaque": {"StudyInstanceUID": opaque_uid(study.pk), "SeriesInstanceUID": opaque_uid(series.pk)},
            "uid_key": uid_key(study.pk),
            "preview": preview,
        },
        folder=folder, memory_mb=MEMORY_MB, cpu_seconds=int(seconds), wall_seconds=int(seconds * 1.5 + 10),
    )  # fmt: skip
    return answer


def _killers(
    study: Study, series: Series, instances: list[Instance], reason: str
) -> list[tuple[Instance, str]]:
    """Which instances kill the sandbox, by halving; never empty, so that the caller's loop ends."""
    if len(instances) <= 1:
        return [(instance, reason) for instance in instances]
    middle = len(instances) // 2
    found: list[tuple[Instance, str]] = []
    for half in (instances[:middle], instances[middle:]):
        with working_folder() as folder:
            try:
                _call(study, series, half, folder)
            except SandboxFailed as failed:
                found += _killers(study, series, half, failed.reason)
    # Each half lives, both together do not: the limits are too small for the series, not one file too bad.
    return found or [(instance, reason) for instance in instances[middle:]]


def _unshowable(reason: str) -> dict[str, Any]:
    return {
        "frames": None,
        "pieces": None,
        "rendition": None,
        "syntax": "",
        "unshowable": REASONS.get(reason, CRASHED),
        "read": False,
    }


def _store(answer: dict[str, Any], bad: dict[str, dict[str, Any]], folder: Path) -> Made:
    made = Made({**answer["instances"], **bad}, answer["frame_time_ms"])
    names = ["metadata.json.gz", "full.json.gz"] + (
        ["preview.jpg", "thumbnail.jpg"] if answer["preview"] else []
    )
    names += [f"rendition-{key}.raw" for key, item in made.instances.items() if item["rendition"]]
    for name in names:
        path = folder / name
        if path.is_file() and not path.is_symlink():
            made.files[name] = blobs.put_file(path)
    return made


def _keep(series: Series, made: Made) -> None:
    old = [series.preview_id, series.thumbnail_id, series.metadata_id, series.full_metadata_id]
    series.preview = _row(made, "preview.jpg")
    series.thumbnail = _row(made, "thumbnail.jpg")
    series.metadata = _row(made, "metadata.json.gz")
    series.full_metadata = _row(made, "full.json.gz")
    series.frame_time_ms = made.frame_time_ms
    series.save(update_fields=["preview", "thumbnail", "metadata", "full_metadata", "frame_time_ms"])
    for instance in Instance.objects.filter(series=series, pk__in=list(made.instances)).select_related(
        "blob"
    ):
        old.append(instance.rendition_id)
        _keep_instance(instance, made)
    _forget([key for key in old if key])


def _keep_instance(instance: Instance, made: Made) -> None:
    item = made.instances[str(instance.pk)]
    instance.rendition = _row(made, f"rendition-{instance.pk}.raw")
    instance.unshowable = str(item["unshowable"])[:300]
    instance.frame_syntax_uid = str(item["syntax"])[:64]
    sizes = (instance.blob.size, instance.rendition.size if instance.rendition else 0)
    try:
        instance.frame_index = frames.encode(item["pieces"], item["rendition"], sizes=sizes)
    except (ValueError, KeyError, TypeError):
        instance.frame_index, instance.unshowable = b"", CRASHED
    if item["frames"] is not None:
        instance.number_of_frames = int(item["frames"])
    instance.save(
        update_fields=["rendition", "unshowable", "frame_syntax_uid", "frame_index", "number_of_frames"]
    )


def _row(made: Made, name: str) -> Blob | None:
    return blobs.save(made.files[name]) if name in made.files else None


def _forget(keys: list[str]) -> None:
    Blob.objects.filter(pk__in=keys).delete()
    for key in keys:
        transaction.on_commit(partial(blobs.delete, key))
