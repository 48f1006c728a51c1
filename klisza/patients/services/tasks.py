"""Tasks of the registration desk: opened and closed by what is known of the patient."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.patients import queries
from klisza.patients.models import DeskTask, Patient

# These follow from the data and close by themselves; the others are closed by a person.
BY_ITSELF = (
    "no_email",
    "no_mobile",
    "number_not_allowed",
    "no_birth_date",
    "under_age",
    "own_contact",
    "contact_change",
)

MOST_SHARING = 20


def set_tasks(patient: Patient, kinds: set[str]) -> set[str]:
    """Open what is missing, close what is settled; in the caller's transaction. Returns what is new."""
    rows = DeskTask.objects.filter(patient=patient, done_at=None)
    rows.filter(kind__in=set(BY_ITSELF) - kinds).update(done_at=clock.now())
    return {kind for kind in sorted(kinds) if open_task(patient, kind)}


def open_task(patient: Patient, kind: str) -> bool:
    """True when it was not open before."""
    try:
        with transaction.atomic():
            _task, is_new = DeskTask.objects.get_or_create(
                patient=patient, kind=kind, done_at=None, defaults={"created_at": clock.now()}
            )
            return is_new
    except IntegrityError:  # another process has just opened the same one
        return False


def close_task(patient: Patient, kind: str) -> None:
    """What it asked for is no longer so."""
    DeskTask.objects.filter(patient=patient, kind=kind, done_at=None).update(done_at=clock.now())


def watch_shared_email(patient: Patient) -> None:
    """Spouses may share an address (R12); that it was typed into the wrong record must be noticed as well.

    Whichever of the two came first: both are told to the desk, once, when an address becomes known.
    """
    others = list(_sharing(patient)) if patient.email else []
    for one in [patient, *others] if others else []:
        open_task(one, "shared_email")
    if not others:
        close_task(patient, "shared_email")
    former = {entry[2] for entry in patient.statements.get("email", [])} - {"", patient.email}
    waiting = DeskTask.objects.filter(kind="shared_email", done_at=None, patient__email__in=former)
    for task in waiting.select_related("patient"):
        if not _sharing(task.patient):
            close_task(task.patient, "shared_email")


def _sharing(patient: Patient) -> list[Patient]:
    written = {patient.email, patient.email.lower()}
    same = Patient.objects.filter(email__in=written, survivor=None)
    return list(same.exclude(pk__in=queries.aliases(patient)).order_by("pk")[:MOST_SHARING])


@transaction.atomic
def finish_task(*, task: DeskTask, by: Actor) -> None:
    """The desk has done it."""
    if DeskTask.objects.filter(pk=task.pk, done_at=None).update(done_at=clock.now()):
        record("desktask.done", by=by, patient_id=task.patient_id, objects=[task], reason=task.kind)
