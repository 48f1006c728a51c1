"""Two records, one person: an alias, never a copy (architecture.md 2, R61)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import F

from klisza.accounts.services import lock, revoke, unlock
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import BadMessage
from klisza.patients import queries
from klisza.patients.models import Patient

from .tasks import open_task


def merge(*, survivor: Patient, other: Patient, by: Actor) -> None:
    """`other` becomes an alias of `survivor`; no row is moved, and undo_merge takes it back.

    Of two accounts the survivor's goes on; the other one is locked and the desk asked to make sure who is
    who.
    Repeating a merge changes nothing. Raises BadMessage for a circle or when `other` belongs to somebody
    else already.
    """
    with transaction.atomic():
        first, second = _locked(survivor), _locked(other)
        if (
            second.pk != first.pk
            and second.survivor_id is not None
            and queries.survivor(second).pk == queries.survivor(first).pk
        ):
            return
        _refuse_nonsense(first, second)
        kept, lost = queries.accounts_of(queries.survivor(first)), queries.accounts_of(second)
        Patient.objects.filter(pk=second.pk).update(survivor=first)
        _raise_epoch(queries.aliases(queries.survivor(first)))
        record("patient.merged", by=by, patient_id=first.pk, objects=[first, second])
        if kept and lost:
            open_task(first, "two_accounts")
            for account in lost:
                lock(account=account, cause="merge", by=by)


def undo_merge(*, other: Patient, by: Actor) -> None:
    """The two were different persons after all. Raises BadMessage when `other` is nobody's alias."""
    with transaction.atomic():
        second = _locked(other)
        if second.survivor_id is None:
            raise BadMessage("this patient is not merged into another one")
        first = Patient.objects.get(pk=second.survivor_id)
        everyone = queries.aliases(queries.survivor(first))
        Patient.objects.filter(pk=second.pk).update(survivor=None)
        _raise_epoch(everyone)
        record("patient.unmerged", by=by, patient_id=first.pk, objects=[first, second])
        halted = [account for account in queries.accounts_of(second) if account.lock_cause == "merge"]
    for (
        account
    ) in halted:  # outside: an account that was never activated gets a new temporary password (argon2)
        unlock(account=account, reason="merge undone", by=by)


def _locked(patient: Patient) -> Patient:
    return Patient.objects.select_for_update().get(pk=patient.pk)


def _refuse_nonsense(first: Patient, second: Patient) -> None:
    if second.pk in (first.pk, queries.survivor(first).pk):
        raise BadMessage("a patient cannot be merged into itself or into its own alias")
    if second.survivor_id is not None:
        raise BadMessage("this patient is already merged into another one")


def _raise_epoch(patient_ids: Iterable[UUID]) -> None:
    """Tickets and sessions that were given for the old set of records end at their next use; what is linked
    to one of them is looked at again.
    """
    changed = Patient.objects.filter(pk__in=list(patient_ids))
    changed.update(access_epoch=F("access_epoch") + 1, updated_at=clock.now())
    for account_id in changed.exclude(account=None).values_list("account_id", flat=True):
        revoke(subject=str(account_id))
