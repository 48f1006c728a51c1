"""Whose portal this page shows: the name top right (S14), and for whom the account acts (N11)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from klisza.accounts.models import Account

from . import acting, queries


def person(request: HttpRequest) -> dict[str, Any]:
    """person_name: non-empty for signed-in patients and carers only. acting: the name of the person acted for.

    can_act: this account may act for somebody, so the switch is there.
    """
    account: Account | None = getattr(request, "account", None)
    if account is None or account.kind != Account.Kind.PATIENT:
        return {"person_name": ""}
    own, grants, grant = acting.own_patient(request), acting.grants_of(request), acting.grant_of(request)
    own_name = queries.full_name(own) if own else next((one.carer_name for one in grants), account.user_name)
    acted_for = queries.survivor(grant.patient) if grant else None
    return {
        "person_name": own_name,
        "has_own_record": own is not None,
        "acting": queries.full_name(acted_for) if acted_for else "",
        "acting_lost": acting.is_lost(request),
        "can_act": bool(grants),
    }
