"""A mail that came back: the address on file is wrong, and the desk is to ask for the right one."""

from __future__ import annotations

from django.db import transaction

from klisza.accounts.models import Account
from klisza.notifications import queries as notifications
from klisza.notifications import services as outbox
from klisza.notifications.models import Message
from klisza.patients import queries
from klisza.patients.models import Patient

from .tasks import open_task


def note_bounces(limit: int = 50) -> int:
    """Open a task for each patient whose mail came back, result notices and account mails alike."""
    messages = notifications.bounced_unnoted(limit)
    for message in messages:
        _note(message)
    return len(messages)


@transaction.atomic
def _note(message: Message) -> None:
    for person in _people(message):
        open_task(person, "mail_bounced")
    outbox.bounce_noted(message_id=message.pk)


def _people(message: Message) -> list[Patient]:
    """Whose account it is; of a carer who is no patient here, those for whom the carer acts."""
    account = Account.objects.filter(pk=message.account_id).first() if message.account_id else None
    if account is None:
        return []
    own = queries.patient_of(account)
    return [own] if own else [queries.survivor(grant.patient) for grant in queries.live_of(account)]
