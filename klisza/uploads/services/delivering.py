"""The life of a delivery: begun by opening the files page, closed by the patient, completed by its last byte."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from klisza.accounts.models import Account
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.blobs import services as blobs
from klisza.patients.models import Patient
from klisza.uploads.errors import ListClosed, ListEmpty, ListNotEmpty, TooMuch
from klisza.uploads.models import Delivery, HandedFile

State = Delivery.State
ENDINGS = frozenset({"upload", "without", "deliver"})


def delivery_for(
    *, patient: Patient, account: Account, purpose: str = "survey", subject: uuid.UUID
) -> Delivery:
    """The delivery of this subject, made when there is none. Whoever opens it while it collects is its owner.

    Callers have made sure that this account may act for this patient.
    """
    now = clock.now()
    delivery, made = Delivery.objects.get_or_create(
        purpose=purpose,
        subject=subject,
        defaults={"patient": patient, "account": account, "created_at": now, "moved_at": now},
    )
    if not made and delivery.account_id != account.pk:
        # A parent began, the grown-up child goes on, or the other way round: one of them at a time.
        Delivery.objects.filter(pk=delivery.pk).update(account=account)
        delivery.account = account
    return delivery


def locked(delivery_id: uuid.UUID) -> Delivery:
    """The row, held until the caller's transaction ends: whoever changes the list or closes it waits here."""
    return Delivery.objects.select_for_update().get(pk=delivery_id)


def close(*, delivery: Delivery, ending: str, by: Actor) -> None:
    """Freeze the list, inside the caller's transaction. ending: upload | without | deliver.

    Bytes of listed files may still come; a file may not. Raises ListClosed, ListEmpty, ListNotEmpty.
    """
    if ending not in ENDINGS:
        raise ValueError(f"unknown ending {ending!r}")
    with transaction.atomic():
        row = locked(delivery.pk)
        if row.state != State.COLLECTING:
            raise ListClosed(_("This list was sent already."))
        has_files = HandedFile.objects.filter(delivery=row).exists()
        if ending == "upload" and not has_files:
            raise ListEmpty(
                _("There is no file on the list yet. Choose files, or deliver without uploading.")
            )
        if ending != "upload" and has_files:
            raise ListNotEmpty(_("There are files on the list. Remove them, or start uploading."))
        row.state, row.ending, row.closed_at = State.CLOSED, ending, clock.now()
        row.save(update_fields=["state", "ending", "closed_at"])
        record("delivery.closed", by=by, patient_id=row.patient_id, objects=[row], reason=ending)
        note_arrivals(row)
    delivery.refresh_from_db()


def note_arrivals(delivery: Delivery) -> None:
    """Complete when nothing of a closed list is awaited; call inside a transaction that holds the row."""
    if delivery.state not in (State.CLOSED, State.INCOMPLETE):
        return
    if HandedFile.objects.filter(delivery=delivery, state=HandedFile.State.WAITING).exists():
        return
    delivery.state, delivery.complete_at = State.COMPLETE, clock.now()
    delivery.save(update_fields=["state", "complete_at"])


@transaction.atomic
def mark_incomplete(*, delivery: Delivery, by: Actor) -> bool:
    """Nobody waits any longer; what comes after all still counts. False when it is not a closed one."""
    changed = Delivery.objects.filter(pk=delivery.pk, state=State.CLOSED).update(state=State.INCOMPLETE)
    if changed:
        record("delivery.incomplete", by=by, patient_id=delivery.patient_id, objects=[delivery])
    return bool(changed)


@transaction.atomic
def refuse(*, delivery: Delivery, by: Actor) -> None:
    """Staff take nothing of it; bytes that are still under way are not taken either (R57)."""
    row = locked(delivery.pk)
    row.state = State.REFUSED
    row.save(update_fields=["state"])
    record("delivery.refused", by=by, patient_id=row.patient_id, objects=[row])


@transaction.atomic
def add_ready(
    *,
    delivery: Delivery,
    stored: blobs.Stored,
    name: str,
    title: str,
    description: str,
    kind: str,
    media_type: str,
    facts: dict[str, object],
    by: Actor,
) -> HandedFile:
    """A file that the server made of the patient's pages: durable, safe by its making, nothing left to sort.

    Raises ListClosed, TooMuch; the caller then deletes the bytes.
    """
    row = locked(delivery.pk)
    if row.state != State.COLLECTING:
        raise ListClosed(_("This list was sent already."))
    if HandedFile.objects.filter(delivery=row).count() >= settings.UPLOAD_FILES_MOST:
        raise TooMuch(_("The list is full."))
    now = clock.now()
    file = HandedFile.objects.create(
        delivery=row, position=next_position(row), name=name[:255], path=name[:500], title=title[:200],
        description=description[:1000], size=stored.size, kind=kind, state=HandedFile.State.SORTED,
        media_type=media_type, blob=blobs.save(stored), sha256=stored.sha256, facts=facts, arrived_at=now,
        sorted_at=now,
    )  # fmt: skip
    Delivery.objects.filter(pk=row.pk).update(moved_at=now)
    record("delivery.file_added", by=by, patient_id=row.patient_id, objects=[row, file])
    return file


@transaction.atomic
def remove(*, file: HandedFile, by: Actor) -> None:
    """Off the list, as long as it is open. Raises ListClosed."""
    row = locked(file.delivery_id)
    if row.state != State.COLLECTING:
        raise ListClosed(_("This list was sent already."))
    record("delivery.file_removed", by=by, patient_id=row.patient_id, objects=[row, file])
    blob = file.blob
    file.delete()
    if blob:
        blob.delete()  # its bytes go with the sweep of the folder


def next_position(delivery: Delivery) -> int:
    newest = HandedFile.objects.filter(delivery=delivery).aggregate(last=Max("position"))["last"]
    return 0 if newest is None else newest + 1
