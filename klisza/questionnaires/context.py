"""The number on the tab (M2.8): surveys that wait for an answer."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from klisza.accounts.models import Account
from klisza.base.errors import NotFound
from klisza.patients import acting

from . import queries


def open_surveys(request: HttpRequest) -> dict[str, Any]:
    """Looked up only by pages that draw the tabs."""
    account: Account | None = getattr(request, "account", None)
    if account is None or account.kind != Account.Kind.PATIENT or settings.LISTENER == "staff":
        return {}
    return {"open_surveys": partial(_count, request)}


def _count(request: HttpRequest) -> int:
    try:
        return queries.open_count(acting.viewer_of(request))
    except NotFound:
        return 0
