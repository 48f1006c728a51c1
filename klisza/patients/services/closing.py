"""An account is closed: what it could see of others ends with it, and what others could see by it (S12, N11)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction

from klisza.accounts import queries as accounts
from klisza.accounts import services
from klisza.accounts.models import Account
from klisza.audit.actor import SYSTEM, Actor
from klisza.base import clock
from klisza.notifications.services import enqueue_mail
from klisza.patients import queries
from klisza.patients.models import Grant

from .grants import end, tell_patient

CLOSED = "closed"
MOST = 100


@transaction.atomic
def close_asked(*, request_id: uuid.UUID, by: Actor) -> None:
    """The owner's wish, done by staff or the calendar. Raises NotFound when it was taken back."""
    account = services.close_asked(request_id=request_id, by=by)
    end_taken(account=account, reason=CLOSED, by=by)
    person = queries.patient_of(account)
    for grant in queries.open_grants_on(person) if person else ():
        end(grant=grant, reason=CLOSED, by=by)
        _tell_carer(grant)


def close_due() -> int:
    """The worker's part: wishes that have waited long enough."""
    due = accounts.closing_requests().filter(due_at__lte=clock.now())
    keys = list(due.values_list("pk", flat=True)[:MOST])
    for key in keys:
        close_asked(request_id=key, by=SYSTEM)
    return len(keys)


def end_taken(*, account: Account, reason: str, by: Actor) -> None:
    """Nobody is left to use what this account was allowed to see; those it was about are told."""
    for grant in Grant.objects.filter(account=account, ended_at=None).select_related("patient"):
        end(grant=grant, reason=reason, by=by)
        tell_patient(queries.survivor(grant.patient), "patients/mail/carer_gone")


def _tell_carer(grant: Grant) -> None:
    """That it is over; of whom, the message does not say (R65)."""
    account = grant.account
    if account is None or not account.email or account.state not in (Account.State.NEW, Account.State.ACTIVE):
        return
    enqueue_mail(
        to=account.email,
        language=account.language,
        template="patients/mail/carer_ended",
        kind="carer",
        account_id=account.pk,
        context={
            "user_name": account.user_name,
            "portal_name": settings.PORTAL_NAME,
            "address": f"{settings.PUBLIC_URL}/account/acting/",
            "support": {
                "email": settings.SUPPORT_EMAIL,
                "phone": settings.SUPPORT_PHONE,
                "hours": settings.SUPPORT_HOURS,
            },
        },
    )
