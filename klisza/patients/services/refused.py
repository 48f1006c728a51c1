"""Accounts whose number may get no codes: the registration desk hears of it, the text message is never sent (R44)."""

from __future__ import annotations

from django.db import transaction

from klisza.accounts.models import Account
from klisza.patients import queries
from klisza.patients.models import Patient

from .tasks import open_task

MOST_AT_ONCE = 50


def note_refused_numbers() -> int:
    """One open task for each person; returns how many accounts were looked at."""
    waiting = list(
        Account.objects.exclude(number_refused_at=None).order_by("number_refused_at")[:MOST_AT_ONCE]
    )
    for account in waiting:
        with transaction.atomic():
            for patient in Patient.objects.filter(account=account):
                open_task(queries.survivor(patient), "number_refused")
            Account.objects.filter(pk=account.pk).update(number_refused_at=None)
    return len(waiting)
