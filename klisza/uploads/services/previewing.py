"""Handed-in images for the viewer of the staff: a copy under UIDs of its own, which the archive shows to nobody else.

Why others: whoever hands in a file with a foreseen UID would otherwise keep the department's own images out (R28).
"""

from __future__ import annotations

import hashlib
import hmac
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path

import structlog
from django.db import transaction

from klisza.archive import services as archive
from klisza.archive.models import Instance
from klisza.archive.services import Source
from klisza.base import sandbox, sealing
from klisza.base.errors import SandboxFailed
from klisza.base.ids import opaque_uid
from klisza.blobs import services as blobs
from klisza.uploads import queries
from klisza.uploads.models import HandedFile, Preview, Previewed

log = structlog.get_logger(__name__)
AT_ONCE = 50
SOURCE = "handed-in"
CPU_SECONDS = 60


def make_previews() -> int:
    """Some files of one delivery; returns how many were looked at."""
    files = queries.files_to_preview(AT_ONCE)
    if not files:
        return 0
    studies: set[uuid.UUID] = set()
    with tempfile.TemporaryDirectory(prefix="klisza-preview-") as name:
        folder = Path(name)
        for file, is_made in zip(files, _disguise(files, folder), strict=True):
            study_id = _store(file, folder / f"{file.pk}.dcm") if is_made else None
            studies |= {study_id} if study_id else set()
            Previewed.objects.get_or_create(file=file, defaults={"is_shown": study_id is not None})
    archive.settle_soon(studies)
    return len(files)


def _disguise(files: Sequence[HandedFile], folder: Path) -> list[bool]:
    items = [
        {
            "path": str(blobs.open_path(str(file.blob_id))),
            "name": f"{file.pk}.dcm",
            "uids": {
                "StudyInstanceUID": disguised(file.delivery_id, file.study_instance_uid),
                "SeriesInstanceUID": disguised(file.delivery_id, file.series_instance_uid),
                "SOPInstanceUID": disguised(file.delivery_id, file.sop_instance_uid),
            },
        }
        for file in files
    ]
    try:
        return list(
            sandbox.call(
                "klisza.standards.dicom.reconcile:disguise", {"items": items},
                folder=folder, cpu_seconds=CPU_SECONDS, wall_seconds=2 * CPU_SECONDS, file_mb=4096,
            )
        )  # fmt: skip
    except SandboxFailed as failed:
        if len(files) > 1:  # one of them kills it: each for itself
            return [_disguise([file], folder)[0] for file in files]
        log.warning("preview_failed", file=str(files[0].pk), reason=failed.reason[:60])
        return [False]


def disguised(delivery_id: uuid.UUID, uid: str) -> str:
    """The same for the same delivery, so that a second run makes no second study."""
    key = sealing.key_for("handed-in uid")
    digest = hmac.new(key, f"{delivery_id}|{uid}".encode(), hashlib.sha256).digest()
    return opaque_uid(uuid.UUID(bytes=digest[:16]))


def _store(file: HandedFile, made: Path) -> uuid.UUID | None:
    outcome = archive.store_instance(
        part10=made, source=Source(SOURCE, issuer=f"handed-in:{file.delivery_id}", for_staff=True)
    )
    if outcome.instance_id is None or outcome.status not in ("stored", "duplicate"):
        return None
    study_id = Instance.objects.values_list("series__study_id", flat=True).get(pk=outcome.instance_id)
    with transaction.atomic():
        Preview.objects.get_or_create(
            delivery_id=file.delivery_id,
            study_instance_uid=file.study_instance_uid,
            defaults={"study_id": study_id},
        )
    return study_id
