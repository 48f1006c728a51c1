"""What a clinician, the desk and the patient decide about one examination's release (B27)."""

from __future__ import annotations

from datetime import date, datetime, time

from django.db import transaction
from django.utils.translation import gettext as _

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import NotFound, Refused
from klisza.examinations import queries
from klisza.examinations.models import Examination, ReleaseDecision
from klisza.patients.viewer import Viewer

from .state import refresh

SUBJECTS = ("images", "report")
REASON_MOST = 300
LAST_MINUTE = time(23, 59)


def hold(*, examination: Examination, subject: str, reason: str, by: Actor) -> Examination:
    """Nobody outside sees the images or the report until somebody releases them; tickets end within 2 s.

    subject: images | report | both. Raises Refused without a reason.
    """
    if not reason.strip():
        raise Refused(_("Please say why."))
    return _decide(examination, subject, "hold", reason, by, action="examination.held")


def release(*, examination: Examination, subject: str, reason: str = "", by: Actor) -> Examination:
    """A clinician lets the patient see it now, whatever the rules say; also ends a hold."""
    return _decide(examination, subject, "release", reason, by, action="examination.released")


def follow_rules(*, examination: Examination, subject: str, reason: str = "", by: Actor) -> Examination:
    """Take back what was decided: the rules count again."""
    return _decide(examination, subject, "rule", reason, by, action="examination.ruled")


@transaction.atomic
def _decide(
    examination: Examination, subject: str, decision: str, reason: str, by: Actor, *, action: str
) -> Examination:
    if subject not in (*SUBJECTS, "both"):
        raise ValueError(f"unknown subject {subject}")
    now = clock.now()
    for one in SUBJECTS if subject == "both" else (subject,):
        ReleaseDecision.objects.create(
            examination=examination,
            subject=one,
            decision=decision,
            reason=reason.strip()[:REASON_MOST],
            decided_by=by.id,
            decided_at=now,
        )
    return _noted(examination, by, action, reason=reason.strip()[:REASON_MOST])


@transaction.atomic
def visit_done(*, examination: Examination, at: datetime | None = None, by: Actor) -> Examination:
    """The doctor has spoken to the patient. at: when; now by default, never later."""
    Examination.objects.filter(pk=examination.pk).update(
        visit_done_at=min(at or clock.now(), clock.now()), updated_at=clock.now()
    )
    return _noted(examination, by, "examination.visit_done")


@transaction.atomic
def set_visit(*, examination: Examination, at: datetime | None, by: Actor) -> Examination:
    """Staff enter, or with None remove, the visit at which the result is discussed."""
    Examination.objects.filter(pk=examination.pk).update(
        visit_at=at, visit_source="staff" if at else "", visit_done_at=None, updated_at=clock.now()
    )
    return _noted(examination, by, "examination.visit_set")


@transaction.atomic
def enter_visit(*, viewer: Viewer, examination: Examination, day: date, by: Actor) -> Examination:
    """The patient says on which day the visit is; over when that day is. What the hospital knows counts before.

    Raises NotFound, Refused for a day that is over, or when the hospital's calendar has the visit.
    """
    known = (
        queries.visible(viewer, purpose="detail").select_for_update(of=("self",)).filter(pk=examination.pk)
    )
    row = known.first()
    if row is None:
        raise NotFound
    if queries.visit_is_known(row):
        raise Refused(_("The hospital has already entered the date of your visit."))
    if day < clock.local_date(clock.now()):
        raise Refused(_("Please give today's date or a later one."))
    at = datetime.combine(day, LAST_MINUTE, clock.local_zone())
    Examination.objects.filter(pk=row.pk).update(visit_at=at, visit_source="patient", updated_at=clock.now())
    return _noted(row, by, "examination.visit_set")


def _noted(examination: Examination, by: Actor, action: str, reason: str = "") -> Examination:
    record(action, by=by, patient_id=examination.patient_id, objects=[examination], reason=reason)
    return refresh(examination)
