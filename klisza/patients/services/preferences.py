"""What the person prefers: how to be told of results, and whether only after the visit (N10, S23)."""

from __future__ import annotations

from django.db import transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.patients import queries
from klisza.patients.models import Patient

CHANNELS = ("mail", "sms")


@transaction.atomic
def set_preferences(*, patient: Patient, notice_channel: str, tell_after_visit: bool, by: Actor) -> Patient:
    """patient: the survivor. Put down on each record of the person: what was wished under one of them is over."""
    if notice_channel not in CHANNELS:
        raise ValueError(f"unknown channel {notice_channel}")
    mine = Patient.objects.filter(pk__in=queries.aliases(queries.survivor(patient)))
    mine.update(notice_channel=notice_channel, tell_after_visit=tell_after_visit)
    row = Patient.objects.get(pk=patient.pk)
    record("preferences.changed", by=by, patient_id=row.pk, objects=[row])
    return row
