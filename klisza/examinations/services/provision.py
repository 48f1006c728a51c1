"""The first examination that can be looked at brings its patient an account (S7)."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from klisza.audit.actor import Actor
from klisza.base.turns import Turns
from klisza.examinations import queries
from klisza.examinations.models import Examination
from klisza.patients import queries as patients
from klisza.patients.models import Patient
from klisza.patients.services import provide_account

from .state import refresh

TURNS = Turns("accounts")
BY_INVITATION = "invited"


def provide_accounts(limit: int, *, by: Actor, since: datetime | None = None) -> int:
    """Returns how many accounts arose. since: look only at examinations that changed after it, by the index."""
    if settings.ACCOUNT_POLICY == BY_INVITATION:
        return 0
    return TURNS.take(lambda most: _waiting(most, since), lambda one: _provide(one, by), limit=limit)


def _waiting(limit: int, since: datetime | None) -> list[Patient]:
    shown = queries.to_look_at()
    if since:
        shown = shown.filter(updated_at__gte=since)
    return list(patients.without_account().filter(pk__in=shown.values("patient_id")).order_by("pk")[:limit])


def _provide(patient: Patient, by: Actor) -> bool:
    """With the account the person is told what is there."""
    if provide_account(patient=patient, by=by) is None:
        return False
    mine = patients.aliases(patients.survivor(patient))
    for examination in Examination.objects.filter(patient__in=mine, visible=True).order_by("pk"):
        refresh(examination)
    return True
