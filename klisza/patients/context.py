"""Whose portal this page shows: the name top right (S14). Non-empty for signed-in patients only."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from klisza.accounts.models import Account

from . import queries


def person(request: HttpRequest) -> dict[str, Any]:
    account: Account | None = getattr(request, "account", None)
    if account is None or account.kind != Account.Kind.PATIENT:
        return {"person_name": ""}
    patient = queries.patient_of(account)
    return {"person_name": queries.full_name(patient) if patient else account.user_name}
