"""Accepting the information clause (manual, M2.4)."""

from __future__ import annotations

from django.db import transaction

from klisza.accounts import clausetext
from klisza.accounts.errors import NoLogin
from klisza.accounts.models import Account, ClauseAcceptance, ClauseText
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock


@transaction.atomic
def accept_clause(*, account: Account, version: str, language: str, by: Actor) -> ClauseAcceptance:
    """Keep who took note of which words when. Raises NoLogin when a newer version came while the page was
    open.
    """
    shown = clausetext.current(language)
    if version != shown.version:
        raise NoLogin
    ClauseText.objects.get_or_create(
        pk=shown.sha256,
        defaults={"version": shown.version, "language": shown.language, "text": shown.text},
    )
    acceptance, is_first = ClauseAcceptance.objects.get_or_create(
        account=account,
        version=version,
        defaults={"language": shown.language, "sha256": shown.sha256, "accepted_at": clock.now()},
    )
    if is_first:
        record(
            "clause.accepted", by=by, objects=[account, acceptance], reason=f"{shown.version} {shown.sha256}"
        )
    return acceptance
