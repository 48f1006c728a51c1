"""Something was shown to the wrong person, or might have been: who looked, for the privacy officer (113038, W)."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from klisza.audit.actor import REPLAY, Actor
from klisza.audit.models import AuditEvent
from klisza.audit.services import record
from klisza.base import clock
from klisza.examinations import queries
from klisza.examinations.models import (
    Breach,
    Examination,
    ExaminationDocument,
    Images,
    NoticeIntent,
    ReportDocument,
    ReportState,
    ReportVersion,
)

LOOKS = (
    "examination.opened", "images.viewed", "report.opened", "report.downloaded", "report.printed",
    "document.opened", "document.downloaded", "export.downloaded",
)  # fmt: skip
SEEN_MOST = 500


@transaction.atomic
def note_breach(*, examination: Examination, cause: str, by: Actor) -> Breach:
    """One open row for each examination and cause; noting it again adds what was looked at since.

    A replay notes nothing that is noted: what it makes anew was dealt with once.

    cause: report_wrong_patient | rejection_note | moved_study.
    """
    noted = Breach.objects.filter(examination=examination, cause=cause).order_by("noted_at").last()
    if noted and by == REPLAY:
        return noted
    seen = _seen(examination)
    shown = bool(seen) or _was_shown(examination)
    known = Breach.objects.filter(examination=examination, cause=cause, closed_at=None).first()
    if known:
        known.seen, known.was_visible = seen, known.was_visible or shown
        known.save(update_fields=["seen", "was_visible"])
        return known
    breach = Breach.objects.create(
        patient=examination.patient, examination=examination, cause=cause, was_visible=shown, seen=seen,
        noted_at=clock.now(),
    )  # fmt: skip
    record(
        "breach.noted", by=by, patient_id=examination.patient_id, objects=[breach, examination], reason=cause
    )
    return breach


def was_visible(examination: Examination) -> bool:
    """To its patient, now or before: it was looked at, taken away, or announced."""
    return _was_shown(examination) or bool(_seen(examination))


def _was_shown(examination: Examination) -> bool:
    gone = examination.images == Images.WITHDRAWN or examination.report == ReportState.WITHDRAWN
    told = NoticeIntent.objects.filter(examination=examination, is_silent=False)
    return examination.visible or gone or told.exists()


def _seen(examination: Examination) -> list[dict[str, Any]]:
    """Every look at the examination, its reports and documents, by whomever, in order of time."""
    family = queries.family(examination.patient)
    rows = AuditEvent.objects.filter(patient_id__in=family, action__in=LOOKS, outcome="success").order_by(
        "id"
    )
    named = _names(examination)
    looks = [event for event in rows.iterator() if named & {str(row["id"]) for row in event.objects_json}]
    return [
        {"action": one.action, "at": one.at.isoformat(), "agent": one.agent_kind, "id": one.agent_id}
        for one in looks[:SEEN_MOST]
    ]


def _names(examination: Examination) -> set[str]:
    """Ids under which a look at this examination stands in the audit."""
    versions = ReportVersion.objects.filter(report__examinations=examination)
    further = ReportDocument.objects.filter(version__in=versions).values_list("document_id", flat=True)
    own = ExaminationDocument.objects.filter(examination=examination).values_list("document_id", flat=True)
    ids = {examination.pk, *further, *own}
    for version_id, document_id in versions.values_list("pk", "document_id"):
        ids |= {version_id, document_id}
    return {str(one) for one in ids if one}
