"""Whose data this browser shows: the account's own person, or whom it acts for.

The choice stands in the session as the grant's id and is asked anew on every request. A choice that counts no more
shows nothing at all, never somebody else's data instead, until the account has chosen again.
"""

from __future__ import annotations

from django.http import HttpRequest

from klisza.accounts.models import Account
from klisza.base.errors import NotFound

from . import queries
from .models import Grant, Patient
from .viewer import Viewer

ACTING = "acting"


class NobodyChosen(NotFound):
    """Nobody is behind this page at the moment; lists lead to the page where one chooses."""


def viewer_of(request: HttpRequest) -> Viewer:
    """Every page with somebody's data starts here. Raises NobodyChosen."""
    account: Account | None = request.account  # type: ignore[attr-defined]
    if account is None:
        raise NobodyChosen
    grant = grant_of(request)
    if grant is not None:
        return queries.carer_viewer(account, grant, request.actor)  # type: ignore[attr-defined]
    if is_lost(request) or own_patient(request) is None:
        raise NobodyChosen
    return queries.viewer_for(account, request.actor)  # type: ignore[attr-defined]


def grant_of(request: HttpRequest) -> Grant | None:
    """The grant this browser acts by; None = for the own person, or a choice that counts no more.

    Who has no data of the own and may act for one person only acts for that one.
    """
    grants = grants_of(request)
    chosen = request.session.get(ACTING)
    if chosen:
        return next((grant for grant in grants if str(grant.pk) == chosen), None)
    return grants[0] if len(grants) == 1 and own_patient(request) is None else None


def is_lost(request: HttpRequest) -> bool:
    """Something was chosen that has ended since."""
    return bool(request.session.get(ACTING)) and grant_of(request) is None


def choose(request: HttpRequest, grant_id: str) -> Grant | None:
    """grant_id: "" = the own data. Raises NotFound for what this account may not act by."""
    account: Account = request.account  # type: ignore[attr-defined]
    if not grant_id:
        request.session.pop(ACTING, None)
        return None
    grant = queries.live_grant(account, grant_id)
    if grant is None:
        raise NotFound
    request.session[ACTING] = str(grant.pk)
    return grant


def forget(request: HttpRequest) -> None:
    request.session.pop(ACTING, None)


def grants_of(request: HttpRequest) -> list[Grant]:
    """Everybody this account may act for; looked up once in a request."""
    account: Account | None = getattr(request, "account", None)
    if account is None or account.kind != Account.Kind.PATIENT:
        return []
    if not hasattr(request, "_grants"):
        request._grants = queries.live_of(account)  # type: ignore[attr-defined]
    return request._grants  # type: ignore[attr-defined]


def own_patient(request: HttpRequest) -> Patient | None:
    """The person this account belongs to; carers may have none here. Looked up once in a request."""
    account: Account | None = getattr(request, "account", None)
    if account is None or account.kind != Account.Kind.PATIENT:
        return None
    if not hasattr(request, "_own_patient"):
        request._own_patient = queries.patient_of(account)  # type: ignore[attr-defined]
    return request._own_patient  # type: ignore[attr-defined]
