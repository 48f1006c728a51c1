"""Shares as their owner sees them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db.models import QuerySet

from klisza.archive import queries as archive
from klisza.archive.queries import SeriesCard
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination
from klisza.patients.viewer import Viewer
from klisza.sharing.models import Share, SharedExamination, Visit, Word

MOST_EVENTS = 200


def mine(viewer: Viewer) -> QuerySet[Share]:
    """All shares of the person, newest first; a carer sees those made by the same grant only."""
    rows = Share.objects.filter(patient_id__in=viewer.patient_ids)
    if viewer.kind == "carer" and viewer.grant_id:
        rows = rows.filter(grant_id=viewer.grant_id)
    rows = rows.select_related("patient", "account", "grant", "unit", "link_message", "pin_message")
    return rows.order_by("-created_at")


def share_of(viewer: Viewer, share_id: uuid.UUID) -> Share:
    """Raises NotFound, also for another person's."""
    found = mine(viewer).filter(pk=share_id).first()
    if found is None:
        raise NotFound
    return found


def open_count(viewer: Viewer) -> int:
    rows = Share.objects.filter(patient_id__in=viewer.patient_ids, expires_at__gt=clock.now())
    return rows.exclude(state=Share.State.ENDED).count()


def events_of(share: Share) -> list[AuditEvent]:
    """What its recipients did, newest first."""
    shared = SharedExamination.objects.filter(share=share).values_list("examination__patient_id", flat=True)
    rows = AuditEvent.objects.filter(patient_id__in=[share.patient_id, *shared])
    rows = rows.filter(agent_kind="guest", agent_id=str(share.pk))
    return list(rows.order_by("-id")[:MOST_EVENTS])


def visits_of(shares: Sequence[Share]) -> dict[uuid.UUID, list[Visit]]:
    found: dict[uuid.UUID, list[Visit]] = {}
    for visit in Visit.objects.filter(share__in=shares).order_by("-began_at"):
        found.setdefault(visit.share_id, []).append(visit)
    return found


def words_of(shares: Sequence[Share]) -> dict[uuid.UUID, list[Word]]:
    found: dict[uuid.UUID, list[Word]] = {}
    for word in Word.objects.filter(share__in=shares).order_by("-at"):
        found.setdefault(word.share_id, []).append(word)
    return found


def shared_examinations(share: Share) -> list[Examination]:
    """For the owner, whose pages show what of them may be seen."""
    rows = SharedExamination.objects.filter(share=share).select_related("examination")
    return [row.examination for row in rows.order_by("-examination__performed_at")]


def series_by_examination(shared: Sequence[Examination]) -> dict[uuid.UUID, list[SeriesCard]]:
    """What there is to choose among."""
    return {one.pk: archive.series_of(examinations.study_ids(one)) for one in shared}
