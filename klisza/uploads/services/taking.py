"""Staff accept or refuse what was handed in; what is accepted becomes images and documents of this hospital.

Images are written anew under the person's number here (standards/dicom/reconcile.py), stored as any other image and
linked to the chosen examination, or to a new one with an accession number of ours; then they are forwarded. Until then
nothing of them appears among the own examinations.
"""

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
from django.utils.translation import gettext as _

from klisza.accounts.models import Account
from klisza.archive import queries as archived
from klisza.archive import services as archive
from klisza.archive.models import Instance, Peer, Study
from klisza.archive.services import Source
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock, sandbox
from klisza.base.errors import Refused, SandboxFailed
from klisza.base.ids import readable
from klisza.blobs import services as blobs
from klisza.blobs.models import Blob
from klisza.documents import services as documents
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination
from klisza.examinations.services import assign_study
from klisza.notifications.services import enqueue_mail
from klisza.patients import queries as patients
from klisza.patients.models import Patient, PatientIdentifier
from klisza.uploads import queries
from klisza.uploads.models import Delivery, HandedFile, Preview, Takeover

log = structlog.get_logger(__name__)
ACCEPTED, REFUSED = "accepted", "refused"
AT_ONCE = 50
CPU_SECONDS = 120
TRIES_MOST = 5
SOURCE = "taken-over"
NOT_OUR_NUMBERS = ("NNPOL", "PPN")  # PESEL and passport are nobody's chart number
State = HandedFile.State


@transaction.atomic
def decide(
    *,
    delivery: Delivery,
    file_ids: Collection[uuid.UUID],
    verdict: str,
    by: Actor,
    by_account: Account | None = None,
    message: str = "",
    examination: Examination | None = None,
    accession_number: str = "",
    peer: Peer | None = None,
    reason: str = "",
) -> Takeover:
    """Accept or refuse these files of a delivery; the worker does what follows, the patient is told.

    examination: of the patient, whose order the images belong to; else accession_number, else a new one.
    reason: why images that name somebody else are the patient's after all.
    Raises Refused: nothing chosen, decided already, somebody else's without a reason, no number of this hospital.
    """
    delivery = Delivery.objects.select_for_update().select_related("patient").get(pk=delivery.pk)
    files = list(
        HandedFile.objects.filter(queries.MAY_BE_TAKEN, delivery=delivery, pk__in=file_ids).order_by(
            "position"
        )
    )
    if not files:
        raise Refused(_("Choose at least one file."))
    if queries.decided_files(delivery) & {file.pk for file in files}:
        raise Refused(_("Somebody has decided about these files already."))
    takeover = Takeover(
        delivery=delivery, verdict=verdict, message=message.strip()[:1000], by_account=by_account,
        asked_at=clock.now(), state="waiting" if verdict == ACCEPTED else "done",
    )  # fmt: skip
    if verdict == ACCEPTED:
        _describe(takeover, files, examination, accession_number, peer, reason)
    elif not takeover.message:
        raise Refused(_("Write the patient why it is not taken."))
    takeover.save()
    takeover.files.set(files)
    record(
        f"delivery.{verdict}", by=by, patient_id=delivery.patient_id, objects=[delivery, takeover],
        reason=reason.strip()[:300],
    )  # fmt: skip
    if verdict == REFUSED:
        _refuse(takeover, files, by)
        _tell(takeover)
    return takeover


def _describe(
    takeover: Takeover,
    files: Sequence[HandedFile],
    examination: Examination | None,
    accession_number: str,
    peer: Peer | None,
    reason: str,
) -> None:
    images = [file for file in files if file.kind == HandedFile.Kind.DICOM]
    if any(names_another(file) for file in images) and not reason.strip():
        raise Refused(_("The images name somebody else: write down why they are this patient's."))
    if not images:
        return
    person = takeover.delivery.patient
    if examination and examination.patient_id not in examinations.family(person):
        raise Refused(_("This examination belongs to somebody else."))
    number = local_number(person)
    if number is None:
        raise Refused(_("This patient has no number of the hospital that the images could carry."))
    takeover.issuer, takeover.local_id = number.issuer, number.value
    takeover.examination = examination
    own = examination.accession_number if examination else ""
    takeover.accession_number = (own or accession_number.strip() or new_accession())[:16]
    takeover.peer_name = peer.name if peer else ""


def names_another(file: HandedFile) -> bool:
    """Neither the comparison nor the patient says that it is the patient."""
    return bool(file.person) and file.is_me is not True


def local_number(person: Patient) -> PatientIdentifier | None:
    """The chart number here: of the hospital's own issuer first."""
    mine = examinations.family(person)
    rows = PatientIdentifier.objects.filter(patient__in=mine, replaced_at=None).exclude(
        kind__in=NOT_OUR_NUMBERS
    )
    ordered = sorted(rows.order_by("pk"), key=lambda one: (one.issuer != settings.ISSUER, one.kind != "MR"))
    return next(iter(ordered), None)


def new_accession() -> str:
    """Of ours, so that it meets no number of the department's system (SH: 16 characters)."""
    return f"KL{readable(12)}"


def _refuse(takeover: Takeover, files: Sequence[HandedFile], by: Actor) -> None:
    HandedFile.objects.filter(pk__in=[file.pk for file in files]).update(state=State.REFUSED, reason="staff")
    for file in files:
        documents.settle_handing(source=file.pk, state="refused", reason=takeover.message, by=by)
    images = [file for file in files if file.kind == HandedFile.Kind.DICOM]
    keys = [file.blob_id for file in images if file.blob_id]
    HandedFile.objects.filter(pk__in=[file.pk for file in images]).update(blob=None)
    Blob.objects.filter(pk__in=keys).delete()  # nobody's business any more; the bytes go with the sweep
    _drop_previews(takeover.delivery, by)


def _drop_previews(delivery: Delivery, by: Actor) -> None:
    """Those of whose images nothing is left to decide."""
    decided = queries.decided_files(delivery)
    open_uids = {
        disc.study_instance_uid
        for disc in queries.discs(delivery)
        if not {file.pk for file in disc.files} <= decided
    }
    for preview in Preview.objects.filter(delivery=delivery).select_related("study"):
        if preview.study_instance_uid not in open_uids:
            archive.drop_handed_in(study=preview.study, by=by)


# The worker's part


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
    _drop_previews(takeover.delivery, by)
    record(
        "delivery.taken_over",
        by=by,
        patient_id=takeover.delivery.patient_id,
        objects=[takeover.delivery, row],
    )
    _tell(row)


def _tell(takeover: Takeover) -> None:
    """To whoever sent it; not a word about what it was."""
    account = takeover.delivery.account
    if not account.email or account.state != Account.State.ACTIVE:
        return
    enqueue_mail(
        to=account.email,
        language=account.language,
        template="uploads/mail/decided",
        kind="notice",
        account_id=account.pk,
        context={
            "is_accepted": takeover.verdict == ACCEPTED,
            "message": takeover.message,
            "portal_name": settings.PORTAL_NAME,
            "user_name": account.user_name,
            "address": f"{settings.PUBLIC_URL}/documents/?show=own",
        },
    )
