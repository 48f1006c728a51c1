"""The person keeps an examination from carers, parents included (R66; product.md 10)."""

from __future__ import annotations

from django.db import transaction

from klisza.accounts.services import revoke
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.examinations.models import Examination
from klisza.patients import queries as patients
from klisza.patients.viewer import Viewer

from .state import refresh


@transaction.atomic
def hide_from_carers(*, viewer: Viewer, examination: Examination, hidden: bool) -> None:
    """At once: pages at their next request, pictures and downloads within two seconds, mails that wait never.

    Raises NotFound for anybody but the person.
    """
    if viewer.kind != "patient" or examination.patient_id not in viewer.patient_ids:
        raise NotFound
    now = clock.now() if hidden else None
    rows = Examination.objects.filter(pk=examination.pk, hidden_from_carers_at__isnull=hidden)
    if not rows.update(hidden_from_carers_at=now):
        return
    action = "examination.hidden_from_carers" if hidden else "examination.shown_to_carers"
    record(action, by=viewer.actor, patient_id=examination.patient_id, objects=[examination])
    if hidden:
        for grant in patients.live_on(examination.patient):
            revoke(subject=str(grant.account_id))
    refresh(examination)
