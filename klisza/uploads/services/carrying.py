"""What the worker does after an acceptance. Doing it again makes nothing twice."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction

from klisza.archive import queries as archived
from klisza.archive import services as archive
from klisza.archive.models import Instance, Study
from klisza.archive.services import Source
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock, sandbox
from klisza.base.errors import SandboxFailed
from klisza.blobs import services as blobs
from klisza.documents import services as documents
from klisza.examinations.services import assign_study
from klisza.patients import queries as patients
from klisza.uploads import queries
from klisza.uploads.models import HandedFile, Takeover

from .aftermath import drop_previews, tell

log = structlog.get_logger(__name__)
AT_ONCE = 50
CPU_SECONDS = 120
TRIES_MOST = 5
SOURCE = "taken-over"
State = HandedFile.State


def carry_out() -> int:
    """One acceptance; 0 when there is none."""
    takeover = queries.takeover_to_do()
    if takeover is None:
        return 0
    Takeover.objects.filter(pk=takeover.pk).update(attempts=takeover.attempts + 1)
    files = list(takeover.files.order_by("position"))
    by = Actor("staff", str(takeover.by_account_id or ""))
    images = [file for file in files if file.kind == HandedFile.Kind.DICOM]
    taken, left = _take_images(takeover, images)
    if left and takeover.attempts + 1 < TRIES_MOST:
        return 1
    _link(takeover, taken, by)
    with transaction.atomic():
        _finish(takeover, files, left, taken, by)
    return 1


def _take_images(takeover: Takeover, images: Sequence[HandedFile]) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """(instances of the archive, files that could not be taken). Doing it again makes nothing twice."""
    taken: set[uuid.UUID] = set()
    left: set[uuid.UUID] = set()
    for start in range(0, len(images), AT_ONCE):
        chunk = images[start : start + AT_ONCE]
        with tempfile.TemporaryDirectory(prefix="klisza-take-") as name:
            folder = Path(name)
            for file, is_made in zip(chunk, _reconcile(takeover, chunk, folder), strict=True):
                instance = _store(file, folder / f"{file.pk}.dcm", takeover) if is_made else None
                if instance:
                    taken.add(instance)
                else:
                    left.add(file.pk)
    return taken, left


def _reconcile(takeover: Takeover, files: Sequence[HandedFile], folder: Path) -> list[bool]:
    items = [{"path": str(blobs.open_path(str(one.blob_id))), "name": f"{one.pk}.dcm"} for one in files]
    try:
        return list(
            sandbox.call(
                "klisza.standards.dicom.reconcile:take_over",
                {"items": items, "person": _person(takeover), "origin": _origin(takeover)},
                folder=folder, cpu_seconds=CPU_SECONDS, wall_seconds=2 * CPU_SECONDS, file_mb=4096,
            )
        )  # fmt: skip
    except SandboxFailed:
        if len(files) > 1:
            return [_reconcile(takeover, [one], folder)[0] for one in files]
        log.warning("takeover_unreadable", file=str(files[0].pk))
        return [False]


def _person(takeover: Takeover) -> dict[str, str]:
    person = patients.survivor(takeover.delivery.patient)
    born = person.birth_date.strftime("%Y%m%d") if person.birth_date else ""
    return {
        "PatientName": f"{person.family_name}^{person.given_name}",
        "PatientID": takeover.local_id,
        "PatientBirthDate": born,
        "PatientSex": person.sex,
        "AccessionNumber": takeover.accession_number,
        "issuer": takeover.issuer,
    }


def _origin(takeover: Takeover) -> dict[str, str]:
    """The moment of the decision, not of this run: a second run writes the same bytes."""
    return {
        "at": _dicom_time(takeover.asked_at),
        "system": settings.AE_TITLE,
        "foreign_issuer": f"foreign:{str(takeover.delivery_id)[-12:]}",
    }


def _dicom_time(moment: datetime) -> str:
    return moment.astimezone(clock.local_zone()).strftime("%Y%m%d%H%M%S.%f%z")


def _store(file: HandedFile, made: Path, takeover: Takeover) -> uuid.UUID | None:
    """None: an object of another patient, or another one with its UID, stands in its place (N9)."""
    known = (
        Instance.objects.filter(sop_instance_uid=file.sop_instance_uid)
        .select_related("series__study")
        .first()
    )
    if known and file.facts.get("known"):
        return known.pk  # our own disc came back: the very same object is here
    outcome = archive.store_instance(part10=made, source=Source(SOURCE, issuer=takeover.issuer))
    return outcome.instance_id if outcome.status in ("stored", "duplicate") else None


def _link(takeover: Takeover, taken: Collection[uuid.UUID], by: Actor) -> None:
    studies = Study.objects.filter(
        series__instances__in=list(taken), series__instances__source=SOURCE
    ).distinct()
    for study in studies:
        chosen: dict[str, Any] = {"examination": takeover.examination}
        if takeover.examination is None:
            chosen = {"patient": patients.survivor(takeover.delivery.patient)}
        assign_study(study=study, reason=f"handed in, {takeover.accession_number}", by=by, **chosen)


def _finish(
    takeover: Takeover, files: Sequence[HandedFile], left: set[uuid.UUID], taken: set[uuid.UUID], by: Actor
) -> None:
    row = Takeover.objects.select_for_update().get(pk=takeover.pk)
    if row.state == "done":
        return
    row.state, row.done_at = "done", clock.now()
    row.save(update_fields=["state", "done_at"])
    HandedFile.objects.filter(pk__in=left).update(state=State.QUARANTINED, reason="same_uid")
    for file in files:
        if file.pk not in left:
            HandedFile.objects.filter(pk=file.pk).update(state=State.ACCEPTED, reason="")
            documents.settle_handing(source=file.pk, state="taken_over", reason=row.message, by=by)
    new = Instance.objects.filter(pk__in=taken, source=SOURCE).values_list("pk", flat=True)
    peer = archived.peer_named(row.peer_name) if row.peer_name else None
    if peer and archive.is_receiver(peer) and new:
        archive.ask_forward(instance_ids=list(new), peer=peer, by=by, subject=row.pk)
    drop_previews(takeover.delivery, by)
    record(
        "delivery.taken_over",
        by=by,
        patient_id=takeover.delivery.patient_id,
        objects=[takeover.delivery, row],
    )
    tell(row)
