"""Tasks of the registration desk: opened and closed by what is known of the patient."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.patients.models import DeskTask, Patient

# These follow from the data and close by themselves; the others are closed by a person.
BY_ITSELF = ("no_email", "no_mobile", "number_not_allowed", "no_birth_date", "under_age", "contact_change")


def set_tasks(patient: Patient, kinds: set[str]) -> None:
    """Open what is missing, close what is settled; in the caller's transaction."""
    rows = DeskTask.objects.filter(patient=patient, done_at=None)
    rows.filter(kind__in=set(BY_ITSELF) - kinds).update(done_at=clock.now())
    for kind in sorted(kinds):
        open_task(patient, kind)


def open_task(patient: Patient, kind: str) -> None:
    try:
        with transaction.atomic():
            DeskTask.objects.get_or_create(
                patient=patient, kind=kind, done_at=None, defaults={"created_at": clock.now()}
            )
    except IntegrityError:  # another process has just opened the same one
        return


@transaction.atomic
def finish_task(*, task: DeskTask, by: Actor) -> None:
    """The desk has done it."""
    if DeskTask.objects.filter(pk=task.pk, done_at=None).update(done_at=clock.now()):
        record("desktask.done", by=by, patient_id=task.patient_id, objects=[task], reason=task.kind)
