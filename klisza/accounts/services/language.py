"""The language of pages, mails and text messages of one account."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from klisza.accounts.models import Account
from klisza.audit.actor import Actor
from klisza.audit.services import record


@transaction.atomic
def choose_language(*, account: Account, language: str, by: Actor) -> None:
    if language in dict(settings.LANGUAGES) and language != account.language:
        Account.objects.filter(pk=account.pk).update(language=language)
        record("account.language_chosen", by=by, objects=[account])
