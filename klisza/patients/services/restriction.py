"""Records that the hospital deleted, or asked to keep from everybody (PD1-12, ARV): shown to nobody."""

from __future__ import annotations

from django.db import transaction

from klisza.accounts.models import Account
from klisza.accounts.services import HOSPITAL, give_back, suspend
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.patients import queries
from klisza.patients.models import Patient
from klisza.patients.statements import add, key_of

from . import death
from .family import hold, refold, tell_readers
from .tasks import close_task, open_task


def follow(top: Patient, *, by: Actor) -> None:
    """Nothing is erased: the account sleeps while the record counts as deleted (2.4, A29)."""
    if top.restricted_reason == "deleted":
        open_task(top, "patient_deleted")
        for account in queries.accounts_of(top):
            if account.state in (Account.State.NEW, Account.State.ACTIVE):
                suspend(account=account, cause=HOSPITAL, by=by)
        return
    close_task(top, "patient_deleted")
    for account in queries.accounts_of(top):
        if account.lock_cause == HOSPITAL:
            was_new = account.password_changed_at is None
            give_back(
                account=account, state=Account.State.NEW if was_new else Account.State.ACTIVE, cause="", by=by
            )
    if top.is_dead:
        death.follow(top, by=by)


@transaction.atomic
def lift_restriction(*, patient: Patient, reason: str, by: Actor) -> None:
    """Staff have decided: shown again, until the hospital asks anew (a repetition of the old wish is none)."""
    family = hold(patient)
    top = family.top(patient)
    if not top.restricted_reason:
        return
    for row in family.members(top):
        row.statements = {
            **row.statements,
            "allowed": add(row.statements.get("allowed", []), key_of(None), True),
        }
        Patient.objects.filter(pk=row.pk).update(statements=row.statements)
    refold(family)
    rows = family.members(top)
    tell_readers(family, rows)
    follow(top, by=by)
    record("patient.restriction_lifted", by=by, patient_id=top.pk, objects=[top], reason=reason[:500])
