"""Two records, two accounts, one person: which account goes on (N12, hospital-integration.md 2.6).

The answer follows from the joined records alone, not from the order in which merges became known.
"""

from __future__ import annotations

from typing import Any

from klisza.accounts.models import Account
from klisza.accounts.services import close_for, give_back, suspend
from klisza.audit.actor import Actor
from klisza.patients import queries
from klisza.patients.models import MergeRecord, Patient

from .family import Family
from .tasks import close_task, open_task

MERGE = "merge"


def settle_rivals(family: Family, top: Patient, *, by: Actor) -> list[dict[str, Any]]:
    """The survivor's account goes on; others sleep until the desk has found out who is who, or are closed when
    both addresses are the same. Returns what was done, for the journal.
    """
    done: list[dict[str, Any]] = []
    ranked = sorted(
        (account for account in queries.accounts_of(top) if not _put_aside_by_staff(account)),
        key=lambda account: _rank(family, account),
    )
    if not ranked:
        return done
    first, *others = ranked
    if first.lock_cause == MERGE:
        _give_back(family, first, by)
    for account in others:
        wanted = Account.State.CLOSED if _same_contact(account, first) else Account.State.LOCKED
        if (account.state, account.lock_cause) == (wanted, MERGE):
            continue
        done.append(
            {"account": str(account.pk), "was": _before(family, account), "cause": _cause(family, account)}
        )
        if wanted == Account.State.CLOSED:
            close_for(account=account, remaining=first, by=by)
        else:
            suspend(account=account, cause=MERGE, by=by)
    sleeping = [account for account in queries.accounts_of(top) if account.state == Account.State.LOCKED]
    is_open = any(account.lock_cause == MERGE for account in sleeping)
    (open_task if is_open else close_task)(top, "two_accounts")
    return done


def _put_aside_by_staff(account: Account) -> bool:
    is_closed = account.state == Account.State.CLOSED and account.lock_cause != MERGE
    return is_closed or (account.state == Account.State.LOCKED and account.lock_cause == "staff")


def _rank(family: Family, account: Account) -> tuple[int, str, str]:
    """The survivor's own first; a changed number (A47) is the same record under another name."""
    row = next(row for row in family.rows.values() if row.account_id == account.pk)
    distance, merged_at = 0, ""
    while row.survivor_id is not None:
        above = family.rows[row.survivor_id]
        is_change = MergeRecord.objects.filter(
            other=row, survivor=above, kind="change", undone_at=None
        ).exists()
        distance += not is_change
        merged_at = merged_at or (row.merged_at.isoformat() if row.merged_at else "")
        row = above
    return distance, merged_at if distance else "", f"{account.created_at.isoformat()} {account.pk}"


def _same_contact(one: Account, other: Account) -> bool:
    return one.email.casefold() == other.email.casefold() and one.mobile == other.mobile


def _give_back(family: Family, account: Account, by: Actor) -> None:
    give_back(account=account, state=_before(family, account), cause=_cause(family, account), by=by)


def _before(family: Family, account: Account) -> str:
    """What the account was before the first merge touched it."""
    entry = _journal(family, account)
    return str(entry["was"]) if entry and account.lock_cause == MERGE else account.state


def _cause(family: Family, account: Account) -> str:
    entry = _journal(family, account)
    return str(entry["cause"]) if entry and account.lock_cause == MERGE else account.lock_cause


def _journal(family: Family, account: Account) -> dict[str, Any] | None:
    ids = list(family.rows)
    rows = MergeRecord.objects.filter(survivor__in=ids) | MergeRecord.objects.filter(other__in=ids)
    for row in rows.order_by("-done_at", "-pk"):
        for entry in row.accounts:
            if entry.get("account") == str(account.pk):
                return dict(entry)
    return None
