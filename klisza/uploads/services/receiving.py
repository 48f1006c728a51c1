"""Bytes of a listed file come in: large ones by uploads that can be gone on with (tus 1.0), small ones in batches.

Nothing is acknowledged before it is durable. A chunk that comes after its delivery was ended by staff, or that another
request has overtaken, changes nothing (R57).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from klisza.accounts.models import Account
from klisza.base import clock
from klisza.base.errors import NotFound, TooMany
from klisza.uploads import storage
from klisza.uploads.bodies import Body
from klisza.uploads.errors import ListClosed, TooMuch, UploadBusy, UploadGone, WrongChecksum, WrongOffset
from klisza.uploads.models import Delivery, HandedFile, Upload

from .delivering import locked, note_arrivals

State = HandedFile.State
# tus asks every server for sha1; against damage on the way it is good enough.
ALGORITHMS: dict[str, Callable[[bytes], Any]] = {
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha256": hashlib.sha256,
}


@dataclass(frozen=True)
class Checksum:
    """Of one request's bytes. algorithm: one of ALGORITHMS."""

    algorithm: str
    digest: bytes


@transaction.atomic
def open_upload(*, file: HandedFile, account: Account, length: int) -> Upload:
    """The upload of this file; the one that was begun before, when there is one.

    Raises ListClosed (has come already, or is not taken any more), TooMuch (another length than was announced),
    TooMany.
    """
    delivery = locked(file.delivery_id)
    file = HandedFile.objects.get(pk=file.pk)
    if file.state != State.WAITING or delivery.state == Delivery.State.REFUSED:
        raise ListClosed(_("This file is not awaited."))
    if length != file.size:
        raise TooMuch(_("This is not the size that the file had on the list."))
    now = clock.now()
    begun = Upload.objects.filter(file=file, expires_at__gt=now).first()
    if begun:
        return begun
    Upload.objects.filter(file=file).delete()
    unfinished = Upload.objects.filter(account=account, expires_at__gt=now, offset__lt=F("length"))
    if unfinished.count() >= settings.UPLOADS_OPEN:
        raise TooMany(_("Too many files are being sent at once. The others follow when these are done."))
    upload = Upload.objects.create(
        file=file, account=account, length=length, opened_at=now, expires_at=now + settings.UPLOAD_LIFE
    )
    if length == 0:
        _arrived(upload, delivery)
    return upload


def upload_of(*, key: str, account: Account) -> Upload:
    """Raises NotFound for what this account has not opened (R35), UploadGone."""
    upload = Upload.objects.select_related("file").filter(pk=key, account=account).first()
    if upload is None:
        raise NotFound
    if upload.expires_at <= clock.now():
        raise UploadGone(_("This upload has waited for too long. Please send the file again."))
    return upload


def append(*, upload: Upload, offset: int, body: Body, checksum: Checksum | None = None) -> int:
    """Write the body from `offset` on; returns the new offset.

    What came before a line broke is kept, unless there is a checksum to meet. Raises WrongOffset, TooMuch,
    UploadBusy, WrongChecksum, ListClosed.
    """
    with storage.locked(upload.pk) as file:
        if file is None:
            raise UploadBusy(_("This file is being sent already."))
        upload.refresh_from_db()
        _forget_what_is_not_there(upload, file)
        _check(upload, offset, body)
        if checksum:
            return _append_whole(upload, file, body, checksum)
        while body.left:
            _append_piece(upload, file, body)
        return upload.offset


def _check(upload: Upload, offset: int, body: Body) -> None:
    if offset != upload.offset:
        raise WrongOffset(_("The file goes on from another place."))
    if offset + body.length > upload.length:
        raise TooMuch(_("This is more than the file has."))
    if body.length and upload.file.delivery.state == Delivery.State.REFUSED:
        raise ListClosed(_("This file is not awaited."))


def _forget_what_is_not_there(upload: Upload, file: int) -> None:
    """A database that came back from a backup may be ahead of the folder."""
    if os.fstat(file).st_size < upload.offset < upload.length:
        Upload.objects.filter(pk=upload.pk, offset=upload.offset).update(offset=0)
        upload.offset = 0


def _append_piece(upload: Upload, file: int, body: Body) -> None:
    """Up to UPLOAD_PIECE bytes, durable, then noted: that much at most is sent again after a crash (L11)."""
    at = upload.offset
    for piece in body.pieces(settings.UPLOAD_PIECE):
        storage.write(file, piece, at)
        at += len(piece)
    if at > upload.offset:
        storage.settle(file)
        _advance(upload, at)


def _append_whole(upload: Upload, file: int, body: Body, checksum: Checksum) -> int:
    if body.length > settings.UPLOAD_PIECE:
        raise TooMuch(_("With a checksum a piece may have 8 MiB."))
    data = body.read(body.length)
    if body.cut:
        return upload.offset
    if ALGORITHMS[checksum.algorithm](data).digest() != checksum.digest:
        raise WrongChecksum(_("The piece was damaged on its way."))
    storage.write(file, data, upload.offset)
    storage.settle(file)
    _advance(upload, upload.offset + len(data))
    return upload.offset


def _advance(upload: Upload, offset: int) -> None:
    """Raises ListClosed when the upload was ended meanwhile."""
    now = clock.now()
    with transaction.atomic():
        delivery = locked(upload.file.delivery_id)
        rows = Upload.objects.filter(pk=upload.pk, offset=upload.offset)
        if delivery.state == Delivery.State.REFUSED or not rows.update(
            offset=offset, expires_at=now + settings.UPLOAD_LIFE
        ):
            raise ListClosed(_("This file is not awaited."))
        upload.offset = offset
        Delivery.objects.filter(pk=delivery.pk).update(moved_at=now)
        if offset == upload.length:
            _arrived(upload, delivery)


def _arrived(upload: Upload, delivery: Delivery) -> None:
    if _note([(upload.file, 0)], key=upload.pk):
        note_arrivals(delivery)


def _note(files: list[tuple[HandedFile, int]], *, key: str) -> int:
    """Files with their places within the staged file `key`; whoever came first stays."""
    now, done = clock.now(), 0
    for file, offset in files:
        done += HandedFile.objects.filter(pk=file.pk, state=State.WAITING).update(
            state=State.ARRIVED, staged=key if file.size else "", staged_offset=offset, arrived_at=now
        )
    return done


@transaction.atomic
def terminate(*, upload: Upload) -> None:
    """What had come of an unfinished file is forgotten; the file still stands on its list."""
    if upload.offset < upload.length:
        upload.delete()


@dataclass(frozen=True)
class Piece:
    """A file within a batch. sha256: hex, or empty when the browser could not compute it."""

    file_id: str
    size: int
    sha256: str = ""


def take_batch(*, delivery: Delivery, contents: list[Piece], body: Body) -> dict[str, str]:
    """Many small files in one request, one behind the other: one file, one sync, one transaction.

    Returns {file id: arrived | damaged | unknown}; files that a broken line has cut off are missing in it.
    """
    known = _known(delivery, contents)
    answers: dict[str, str] = {}
    came: list[tuple[HandedFile, int]] = []
    with storage.new_file() as (key, target):
        at = 0
        for piece in contents:
            start, at = at, _copy(piece, body, target, at, answers)
            if body.cut:
                break
            row = known.get(piece.file_id)
            if row is None or row.size != piece.size:
                answers[piece.file_id] = "unknown"
            elif answers.get(piece.file_id) != "damaged":
                answers[piece.file_id] = "arrived"
                came.append((row, start))
        storage.settle(target)
        fresh = [(row, start) for row, start in came if row.state == State.WAITING]
        _keep_batch(delivery, fresh, key)
    if not fresh:
        storage.remove(key)
    return answers


def _known(delivery: Delivery, contents: list[Piece]) -> dict[str, HandedFile]:
    rows = HandedFile.objects.filter(delivery=delivery, pk__in=[piece.file_id for piece in contents])
    return {str(row.pk): row for row in rows}


def _copy(piece: Piece, body: Body, target: int, at: int, answers: dict[str, str]) -> int:
    """Returns where the next one begins."""
    digest, end = hashlib.sha256(), at + piece.size
    for data in body.pieces(piece.size):
        digest.update(data)
        storage.write(target, data, at)
        at += len(data)
    if at < end:
        body.cut = True
    elif piece.sha256 and digest.hexdigest() != piece.sha256:
        answers[piece.file_id] = "damaged"
    return end


@transaction.atomic
def _keep_batch(delivery: Delivery, files: list[tuple[HandedFile, int]], key: str) -> None:
    if not files:
        return
    row = locked(delivery.pk)
    if row.state == Delivery.State.REFUSED:
        raise ListClosed(_("These files are not awaited."))
    if _note(files, key=key):
        Upload.objects.filter(file__in=[file for file, _start in files]).delete()
        Delivery.objects.filter(pk=row.pk).update(moved_at=clock.now())
        note_arrivals(row)
