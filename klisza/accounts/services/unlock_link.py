"""The link in the mail about a lock, where the hospital allows owners to unlock themselves."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from klisza.accounts import queries
from klisza.accounts.models import Account, Reset
from klisza.base import clock, ids


def make(account: Account) -> str:
    """In the caller's transaction. Empty where only support unlocks: the setting is off, or somebody may know
    the password.
    """
    if not (settings.SELF_UNLOCK and queries.may_unlock_itself(account)):
        return ""
    now, token = clock.now(), ids.token()
    Reset.objects.filter(account=account, purpose=Reset.Purpose.UNLOCK, used_at=None).update(superseded=True)
    Reset.objects.create(
        account=account,
        purpose=Reset.Purpose.UNLOCK,
        digest=queries.reset_digest(token),
        created_at=now,
        expires_at=now + settings.UNLOCK_LIFE,
    )
    return settings.PUBLIC_URL + reverse("accounts:unlock-link", args=[token])
