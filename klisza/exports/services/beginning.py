"""Somebody asks for a copy: a place, a row, a key for the browser; then it is made ready and written down."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import DatabaseError, transaction

from klisza.accounts.services.revocation import subject_of
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import NotFound, Unavailable
from klisza.examinations.models import Examination
from klisza.exports import keys, plan, queries, returning
from klisza.exports.models import Export
from klisza.exports.offline import members as offline
from klisza.exports.offline import phone
from klisza.exports.options import Options
from klisza.patients.viewer import Viewer

from . import places


@dataclass(frozen=True)
class Begun:
    """key: goes into the cookie, and nowhere else."""

    export: Export
    key: str


def begin(
    *,
    viewer: Viewer,
    session: str,
    examination_ids: Sequence[uuid.UUID],
    options: Options,
    password: str = "",
    back: str = "",
) -> Begun:
    """Ask for a copy. It is ready at once, unless pictures of the viewer have to be made first.

    session: key of the sign-in that the copy ends with. password: of the ZIP, "" for none. back: address of the page
    it was asked on, for those who have none of their own.
    Raises NotFound when there is nothing to take along, TooMany (429), Unavailable when it cannot be recorded (R69).
    """
    if not queries.content(viewer, examination_ids, options).size:
        raise NotFound
    key = keys.new()
    try:
        export = _row(viewer, session, examination_ids, options, key, password, back)
    except DatabaseError as unwritten:
        raise Unavailable("audit") from unwritten
    try:
        make_ready(export=export, viewer=viewer, slowly=False)
    except DatabaseError as unwritten:
        _give_up(export)
        raise Unavailable("audit") from unwritten
    except BaseException:
        _give_up(export)
        raise
    return Begun(export, key)


def _give_up(export: Export) -> None:
    over = {"state": Export.State.OVER, "outcome": "broken", "finished_at": clock.now()}
    Export.objects.filter(pk=export.pk).update(**over, password=b"")


@transaction.atomic
def _row(
    viewer: Viewer,
    session: str,
    examination_ids: Sequence[uuid.UUID],
    options: Options,
    key: str,
    password: str,
    back: str,
) -> Export:
    now, holder = clock.now(), _holder(viewer)
    places.take(holder)
    return Export.objects.create(
        holder=holder, account_id=viewer.account_id, patient_id=viewer.patient_id,
        viewer=returning.remembered(viewer) | {"back": back}, session=subject_of(session) if session else "",
        examinations=[str(one) for one in examination_ids], options=options.as_json(),
        key_digest=keys.digest(key), password=keys.seal(password, key), secret=secrets.token_bytes(32),
        started_at=now, beat_at=now,
    )  # fmt: skip


def _holder(viewer: Viewer) -> str:
    holder = viewer.account_id or (viewer.share and viewer.share.share_id)
    if not holder:
        raise NotFound
    return str(holder)


def make_ready(*, export: Export, viewer: Viewer, slowly: bool) -> bool:
    """Write down what goes out, with its hashes, before the first byte does (R69).

    slowly: pictures of the viewer may be made now, which takes minutes; else False is returned when there are some to
    make. Outside of any transaction.
    """
    options = Options.of(export.options)
    wanted = plan.wanted_viewer(plan.content(export, viewer))
    makers = [maker for maker, is_asked in ((offline, options.viewer), (phone, options.pictures)) if is_asked]
    missing = [maker for maker in makers if not maker.is_prepared(wanted)]
    if missing:
        Export.objects.filter(pk=export.pk).update(pictures=offline.frames(wanted) * len(missing))
        if not slowly:
            return False
    for maker in missing:
        maker.prepare(wanted, step=lambda frames: _step(export, frames))
    made = plan.make(export, viewer)
    if not made.content.size:
        raise NotFound
    _settle(export, viewer, made)
    return True


def _step(export: Export, frames: int) -> None:
    """Raises NotFound when nobody waits for it any more."""
    export.prepared += frames
    waiting = Export.objects.filter(pk=export.pk, state=Export.State.PREPARING)
    if not waiting.update(prepared=export.prepared, beat_at=clock.now()):
        raise NotFound


@transaction.atomic
def _settle(export: Export, viewer: Viewer, made: plan.Plan) -> None:
    export.state, export.fingerprint = Export.State.READY, made.fingerprint
    export.size, export.files = (
        made.archive(export, password=b"x" if export.password else b"").size,
        len(made.members),
    )
    export.listing, export.beat_at = made.packed_listing, clock.now()
    waiting = Export.objects.filter(pk=export.pk, state=Export.State.PREPARING)
    if not waiting.update(
        state=export.state, fingerprint=export.fingerprint, size=export.size, files=export.files,
        listing=export.listing, beat_at=export.beat_at,
    ):  # fmt: skip
        raise NotFound  # cancelled meanwhile
    examinations = [part.examination for part in made.content.parts if part.folders or part.papers]
    owners: dict[uuid.UUID, list[Examination]] = {}
    for one in examinations:
        owners.setdefault(viewer.patient_id or one.patient_id, []).append(one)
    for patient_id, rows in owners.items():
        record(
            "export.downloaded", by=viewer.actor, patient_id=patient_id, objects=[*rows, export],
            reason=f"{viewer.reason[:400]} list {made.fingerprint}".strip(),
        )  # fmt: skip
