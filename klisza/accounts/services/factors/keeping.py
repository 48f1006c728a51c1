"""Adding and removing factors, whatever their kind; and the way back when all are lost."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from klisza.accounts import queries
from klisza.accounts.models import Account, Challenge, Factor, Login, RecoveryCode
from klisza.accounts.services import locking, staff
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import NotFound, Refused

from . import recovery, telling


def keep(*, factor: Factor, name: str, login: Login | None, by: Actor) -> list[str]:
    """In the caller's transaction. Returns recovery codes to be shown once, if the account had none.

    Raises Refused when the account has too many factors.
    """
    account, now = factor.account, clock.now()
    others = queries.factors(account).exclude(pk=factor.pk)
    if others.count() >= settings.FACTORS_PER_ACCOUNT:
        raise Refused(_("You have reached the largest number of devices. Please remove one first."))
    Factor.objects.filter(pk=factor.pk).update(confirmed_at=now, name=tidy(name))
    factor.refresh_from_db()
    Account.objects.filter(pk=account.pk, factor_offer_answered_at=None).update(factor_offer_answered_at=now)
    if login is not None:  # having made it is having shown it
        Login.objects.filter(pk=login.pk, code_passed_at=None).update(
            code_passed_at=now, passed_by=factor.kind
        )
        login.refresh_from_db()
    record("factor.added", by=by, objects=[account, factor], reason=factor.kind)
    telling.tell_added(factor)
    if queries.recovery_left(account):
        return []
    return recovery.make_recovery_codes(account=account, by=by)


@transaction.atomic
def remove_factor(*, account: Account, factor_id: uuid.UUID, by: Actor) -> None:
    """With the last one the recovery codes go too. Raises NotFound; Refused for the last one of staff."""
    Account.objects.select_for_update().get(pk=account.pk)
    factor = queries.factor_of(account, factor_id)
    if factor is None:
        raise NotFound(_("There is nothing of this kind to remove."))
    is_last = queries.factors(account).count() == 1
    if is_last and account.kind == Account.Kind.STAFF and settings.STAFF_FACTOR == "required":
        raise Refused(_("Staff need a passkey or an app. Please add another one before you remove this."))
    record("factor.removed", by=by, objects=[account, factor], reason=factor.kind)
    telling.tell_removed(factor)
    factor.delete()
    if is_last:
        RecoveryCode.objects.filter(account=account).delete()


@transaction.atomic
def decline_offer(*, account: Account, by: Actor) -> None:
    """ "Not now": it is not offered again; the page stays in the name menu."""
    if Account.objects.filter(pk=account.pk, factor_offer_answered_at=None).update(
        factor_offer_answered_at=clock.now()
    ):
        record("factor.declined", by=by, objects=[account])


def reset_factors(*, account: Account, reason: str, by: Actor, patient_id: uuid.UUID | None = None) -> str:
    """Everything was lost: desk (patients) or administrator (staff) removes all factors and recovery codes.

    reason: how was made sure who is asking; kept in the audit. Patients go on with text messages. Of staff the
    password becomes a temporary one, which is returned to be handed over: no password alone opens their pages.
    Who signs in at the hospital's provider has none, and gets none.
    Sessions and logins under way end. Raises Refused without a reason.
    """
    if not reason.strip():
        raise Refused(_("Please note how you made sure who is asking."))
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account.pk)
        Factor.objects.filter(account=account).delete()
        RecoveryCode.objects.filter(account=account).delete()
        Challenge.objects.filter(account=account).delete()
        record("factor.reset", by=by, patient_id=patient_id, objects=[account], reason=reason[:500])
        telling.tell_reset(account)
        locking.end_sessions(account=account, by=by)
    if account.kind == Account.Kind.STAFF and not queries.has_identity(account):
        return staff.renew_staff_password(account=account, by=by)
    return ""


def tidy(name: str) -> str:
    """What the owner calls it: one line of printable characters."""
    return " ".join("".join(letter for letter in name if letter.isprintable()).split())[:64]
