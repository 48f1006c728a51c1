"""The person's wish to be told after the visit, put into effect on the examinations it can still concern."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q

from klisza.audit.actor import Actor
from klisza.base import clock
from klisza.examinations.models import Examination
from klisza.examinations.release import WISH_LASTS
from klisza.patients import queries as patients
from klisza.patients.models import Patient
from klisza.patients.services import preferences

from .state import refresh

A_DAY = timedelta(days=1)


def set_preferences(*, patient: Patient, notice_channel: str, tell_after_visit: bool, by: Actor) -> None:
    """notice_channel: mail | sms. Examinations follow before this returns, each in a transaction of its own."""
    before = patients.waits_for_visit(patients.survivor(patient))
    preferences.set_preferences(
        patient=patient, notice_channel=notice_channel, tell_after_visit=tell_after_visit, by=by
    )
    if before != tell_after_visit:
        for examination in _concerned(patient):
            refresh(examination)


def _concerned(patient: Patient) -> list[Examination]:
    """Older ones are open whatever the person wishes, unless a visit is still to come."""
    since = clock.now() - WISH_LASTS - A_DAY
    recent = Q(performed_at__gte=since) | Q(first_final_at__gte=since) | Q(visit_at__gte=clock.now())
    waiting = Q(images_why="patient_wish") | Q(report_why="patient_wish")
    mine = Examination.objects.filter(patient__in=patients.aliases(patients.survivor(patient)))
    return list(mine.filter(recent | waiting).order_by("pk"))
