"""Taking a copy along: who may, how many at once, and that it is written down before the first byte."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from klisza.accounts.models import Account
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import NotFound, TooMany, Unavailable
from klisza.examinations.models import Examination
from klisza.patients.viewer import Viewer

from .models import Export

PARALLEL_MOST = 2
# A stream beats while it is read; one whose process died, or whose reader sleeps this long, frees its place.
SILENT = timedelta(minutes=2)


def start(*, viewer: Viewer, examination: Examination) -> Export:
    """Record the export and take one of the account's places.

    Raises TooMany (429) when both places are taken, Unavailable when the record cannot be written (R69).
    """
    try:
        return _start(viewer, examination)
    except DatabaseError as unwritten:
        raise Unavailable("audit") from unwritten


@transaction.atomic
def _start(viewer: Viewer, examination: Examination) -> Export:
    now = clock.now()
    account = Account.objects.select_for_update().get(pk=viewer.account_id or _nobody())
    running = Export.objects.filter(account=account, finished_at=None, beat_at__gt=now - SILENT).count()
    if running >= PARALLEL_MOST:
        sentence = _("Two downloads are already running. Please wait until one of them is finished.")
        raise TooMany(sentence, retry_after=60)
    export = Export.objects.create(account=account, examination=examination, started_at=now, beat_at=now)
    record(
        "export.downloaded",
        by=viewer.actor,
        patient_id=examination.patient_id,
        objects=[examination, export],
        reason=viewer.reason,
    )
    return export


def _nobody() -> uuid.UUID:
    raise NotFound


def beat(*, export_id: uuid.UUID) -> None:
    Export.objects.filter(pk=export_id).update(beat_at=clock.now())


def finish(*, export_id: uuid.UUID, outcome: str) -> None:
    """outcome: complete | stopped (no longer to be seen) | broken (the reader went away, a part failed)."""
    Export.objects.filter(pk=export_id, finished_at=None).update(finished_at=clock.now(), outcome=outcome)
