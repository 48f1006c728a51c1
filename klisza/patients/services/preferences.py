"""What the person prefers: how to be told of results, and whether only after the visit (N10, S23)."""

from __future__ import annotations

from django.db import transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.patients.models import Patient

CHANNELS = ("mail", "sms")


@transaction.atomic
def set_preferences(*, patient: Patient, notice_channel: str, tell_after_visit: bool, by: Actor) -> Patient:
    """patient: the survivor; its preferences count for all records merged into it."""
    if notice_channel not in CHANNELS:
        raise ValueError(f"unknown channel {notice_channel}")
    row = Patient.objects.select_for_update().get(pk=patient.pk)
    row.notice_channel, row.tell_after_visit = notice_channel, tell_after_visit
    row.save(update_fields=["notice_channel", "tell_after_visit"])
    record("preferences.changed", by=by, patient_id=row.pk, objects=[row])
    return row
