"""The hospital says that somebody has died (PID-30, R67): what was opened by the living ends.

Relatives ask at the desk: staff release to them by a grant with a document (grants.give_at_desk), which lasts.
That a death is taken back restores nothing by itself: the desk finds out who is there, and opens what is right.
"""

from __future__ import annotations

from klisza.accounts.models import Account
from klisza.accounts.services import DIED, PUT_ASIDE, said_alive, suspend
from klisza.audit.actor import Actor
from klisza.patients import queries
from klisza.patients.models import Grant, Patient

from .closing import end_taken
from .grants import end
from .tasks import close_task, open_task

OPEN = (Account.State.NEW, Account.State.ACTIVE, Account.State.LOCKED)


def follow(top: Patient, *, by: Actor) -> None:
    """In the caller's transaction, once the record says so, or no longer says so. Safe to repeat."""
    if top.is_dead:
        _died(top, by)
    else:
        _alive(top, by)


def _died(top: Patient, by: Actor) -> None:
    close_task(top, "death_taken_back")
    open_task(top, "patient_died")
    for account in queries.accounts_of(top):
        if account.state in OPEN and account.lock_cause not in PUT_ASIDE:
            suspend(account=account, cause=DIED, by=by)
        end_taken(account=account, reason="death", by=by)
    for grant in queries.open_grants_on(top):
        if grant.source != Grant.Source.RELEASE:
            end(grant=grant, reason="death", by=by)


def _alive(top: Patient, by: Actor) -> None:
    """What was released to relatives meanwhile ends as well."""
    close_task(top, "patient_died")
    for account in queries.accounts_of(top):
        if account.lock_cause == DIED:
            said_alive(account=account, by=by)
            open_task(top, "death_taken_back")
    for grant in queries.open_grants_on(top):
        if grant.source == Grant.Source.RELEASE:
            end(grant=grant, reason="alive", by=by)
            open_task(top, "death_taken_back")
