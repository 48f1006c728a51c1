"""What can be guessed is counted like a wrong text-message code: one sum for all ways, before comparing (R40, R41)."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from klisza.accounts.errors import AccountLocked, WrongCode
from klisza.accounts.models import Account
from klisza.accounts.sentences import locked_sentence
from klisza.accounts.services import alarms, locking
from klisza.accounts.services.limits import returning
from klisza.audit.actor import Actor
from klisza.audit.services import record

# The sum that wrong text-message codes count into as well: four ways are not four times the tries.
COUNT_WRONG = """
UPDATE accounts_account SET wrong_codes = wrong_codes + 1
WHERE id = %s AND state IN ('new', 'active') AND wrong_codes < %s
RETURNING wrong_codes
"""


def count(account: Account) -> int:
    """One more guess, committed before anything is compared; returns how many are open. Raises AccountLocked."""
    with transaction.atomic():
        row = returning(COUNT_WRONG, [account.pk, settings.WRONG_CODES_BEFORE_LOCK])
    if row is None:
        raise AccountLocked(locked_sentence())
    return int(row[0])


def give_back(account: Account) -> None:
    """It was right: no guess. In the caller's transaction."""
    returning(
        "UPDATE accounts_account SET wrong_codes = wrong_codes - 1 WHERE id = %s AND wrong_codes > 0 "
        "RETURNING wrong_codes",
        [account.pk],
    )


def fail(account: Account, *, action: str, wrong_in_all: int, sentence: str, by: Actor) -> None:
    """Always raises: WrongCode with the sentence, or AccountLocked at the fifth."""
    is_last = wrong_in_all >= settings.WRONG_CODES_BEFORE_LOCK
    with transaction.atomic():
        record(action, by=by, objects=[account], outcome="failed")
        alarms.count_failure()
        if is_last:
            locking.lock(account=account, cause=locking.CODES, by=by)
    if is_last:
        raise AccountLocked(locked_sentence())
    raise WrongCode(sentence)
