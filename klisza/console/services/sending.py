"""A mail or text message that did not arrive goes out once more."""

from __future__ import annotations

import uuid

from django.db import transaction

from klisza.accounts.models import Account
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base.errors import NotFound
from klisza.notifications import services as outbox
from klisza.notifications.models import Message
from klisza.patients import queries
from klisza.patients.models import Patient

from .closing import close_bounce_task


@transaction.atomic
def send_again(*, patient: Patient, message_id: uuid.UUID, by: Actor) -> None:
    """To the address or number the account has now. Raises NotFound, Refused (its text is gone)."""
    mine = {account.pk: account for account in queries.accounts_of(patient)}
    message = Message.objects.filter(pk=message_id, account_id__in=mine).first()
    if message is None or message.account_id is None:
        raise NotFound
    account = mine[message.account_id]
    if account.state == Account.State.CLOSED:
        raise NotFound
    outbox.send_again(
        message_id=message.pk, to=account.email if message.channel == "mail" else account.mobile
    )
    record("message.sent_again", by=by, patient_id=patient.pk, objects=[message], reason=message.kind)
    close_bounce_task(account.pk, patient, by=by)
