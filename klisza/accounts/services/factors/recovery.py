"""Recovery codes: ten, 80 bits each, shown once, for the day the telephone is lost."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from klisza.accounts import queries
from klisza.accounts.errors import NoLogin
from klisza.accounts.models import Account, Login, RecoveryCode
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock, sealing

from . import guessing, passing, telling

# 32 letters and digits, so that each carries five bits; a code is read from paper, hence no I, O, 0 and 1.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@transaction.atomic
def make_recovery_codes(*, account: Account, by: Actor) -> list[str]:
    """Ten new codes; the ones before them are dead. Returned once, kept as HMAC only.

    Raises NoLogin without any factor: text messages alone need no recovery.
    """
    if not queries.has_factor(account):
        raise NoLogin
    RecoveryCode.objects.filter(account=account).delete()
    codes = [_new_code() for _ in range(settings.RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(account=account, digest=_digest(account, code), created_at=clock.now()) for code in codes
    )
    record("recovery.made", by=by, objects=[account])
    return codes


def enter_recovery_code(*, account: Account, typed: str, login: Login | None, by: Actor) -> None:
    """Each opens once; a mail tells that one was used. Raises WrongCode, AccountLocked, NoLogin."""
    wrong = guessing.count(account)
    with transaction.atomic():
        is_right = queries.RECOVERY in queries.ways(account) and _use_up(account, typed)
        if is_right:
            guessing.give_back(account)
            passing.passed(account, login=login, way=queries.RECOVERY, by=by)
            telling.tell_recovery_used(account, left=queries.recovery_left(account))
    if not is_right:
        sentence = _("This recovery code is not right, or it was used before. Please try another one.")
        guessing.fail(account, action="login.recovery_wrong", wrong_in_all=wrong, sentence=sentence, by=by)


def _use_up(account: Account, typed: str) -> bool:
    """The comparison is the index: 80 random bits cannot be guessed."""
    unused = RecoveryCode.objects.filter(account=account, digest=_digest(account, typed), used_at=None)
    return bool(unused.update(used_at=clock.now()))


def _new_code() -> str:
    groups = (
        "".join(secrets.choice(ALPHABET) for _ in range(settings.RECOVERY_GROUP_LENGTH))
        for _ in range(settings.RECOVERY_GROUPS)
    )
    return "-".join(groups)


def _digest(account: Account, code: str) -> str:
    text = "".join(letter for letter in code.upper() if letter.isalnum())
    return sealing.digest(f"{account.pk}|{text}", purpose="recovery code")
