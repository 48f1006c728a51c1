"""The right to see the images of one examination for some minutes, recorded before it exists."""

from __future__ import annotations

import uuid

from django.db import DatabaseError, transaction

from klisza.archive import tickets
from klisza.archive.models import Study
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base.errors import NotFound, Unavailable
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination, ReportVersion
from klisza.patients.viewer import Viewer
from klisza.uploads.models import Delivery


def admit(
    *, viewer: Viewer, examination: Examination, session: str, reports: list[ReportVersion] | None = None
) -> str:
    """Record the view, commit, then issue a ticket for the examination's studies; also for each renewal.

    session: name of the browser's sign-in; the ticket is worth nothing in another one (R10).
    reports: versions that the same page shows in full.
    A ticket lives settings.TICKET_LIFE, so one audit row stands for at most that long a look.
    Raises NotFound when there are no images, Unavailable when the record cannot be written (R69).
    """
    cards = examinations.series_for(viewer, examination)
    study_ids: list[uuid.UUID] = examinations.study_ids(examination)
    if not study_ids or not cards:
        raise NotFound
    try:
        with transaction.atomic():
            record(
                "images.viewed",
                by=viewer.actor,
                patient_id=examination.patient_id,
                objects=[examination],
                reason=viewer.reason,
            )
            for version in reports or []:
                record(
                    "report.opened",
                    by=viewer.actor,
                    patient_id=examination.patient_id,
                    objects=[version],
                    reason=viewer.reason,
                )
    except DatabaseError as unwritten:
        raise Unavailable("audit") from unwritten
    shared = viewer.share
    return tickets.issue(
        holder=f"share {shared.share_id}" if shared else str(viewer.account_id),
        study_ids=study_ids,
        session=session,
        owner=str(shared.sharer.account_id or "") if shared else "",
        series_ids=[card.id for card in cards][: tickets.SERIES_MOST] if shared else None,
        until=viewer.until,
    )


def admit_to_handed(
    *, by: Actor, account_id: uuid.UUID, delivery: Delivery, study: Study, session: str
) -> str:
    """The same for staff who look at what a patient handed in. Raises Unavailable."""
    try:
        with transaction.atomic():
            record("delivery.images_viewed", by=by, patient_id=delivery.patient_id, objects=[delivery])
    except DatabaseError as unwritten:
        raise Unavailable("audit") from unwritten
    return tickets.issue(holder=str(account_id), study_ids=[study.pk], session=session)
