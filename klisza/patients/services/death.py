"""The hospital says that somebody has died (PID-30, R67): what was opened by the living ends.

Relatives ask at the desk: staff release to them by a grant with a document (grants.give_at_desk), as before.
That a death is taken back restores nothing by itself: the desk finds out who is there, and opens what is right.
"""

from __future__ import annotations

from klisza.accounts.models import Account
from klisza.accounts.services import DIED, PUT_ASIDE, said_alive, suspend
from klisza.audit.actor import Actor
from klisza.patients import queries
from klisza.patients.models import Patient

from .closing import end_taken
from .grants import end
from .tasks import close_task, open_task

OPEN = (Account.State.NEW, Account.State.ACTIVE, Account.State.LOCKED)


def follow(top: Patient, *, by: Actor) -> None:
    """In the caller's transaction, once the record says so, or no longer says so. Safe to repeat."""
    accounts = queries.accounts_of(top)
    if not top.is_dead:
        close_task(top, "patient_died")
        for account in accounts:
            if account.lock_cause == DIED:
                said_alive(account=account, by=by)
                open_task(top, "death_taken_back")
        return
    close_task(top, "death_taken_back")
    open_task(top, "patient_died")
    for account in accounts:
        if account.state in OPEN and account.lock_cause not in PUT_ASIDE:
            suspend(account=account, cause=DIED, by=by)
        end_taken(account=account, reason="death", by=by)
    for grant in queries.open_grants_on(top):
        end(grant=grant, reason="death", by=by)
