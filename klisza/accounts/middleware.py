"""Who is asking: every request gets `request.account` and `request.actor`."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from klisza.audit.actor import Actor

from . import session, source
from .models import Account


class PortalRequest(HttpRequest):
    """A request that has passed SignedIn. account: fully signed in, or None; actor: always there."""

    account: Account | None
    actor: Actor
    roles: frozenset[str]  # of staff


class SignedIn:
    """Idle, absolute and epoch limits are kept here, on every request, from the database (R49)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: PortalRequest) -> HttpResponseBase:
        request.account = session.account_of(request)
        request.roles = _roles(request.account)
        request.actor = _actor(request)
        return self.get_response(request)


def _roles(account: Account | None) -> frozenset[str]:
    if account is None or account.kind != Account.Kind.STAFF:
        return frozenset()
    return frozenset(account.roles.values_list("role", flat=True))


def _actor(request: PortalRequest) -> Actor:
    account = request.account
    kind = "anonymous" if account is None else "staff" if account.kind == Account.Kind.STAFF else "account"
    return Actor(
        kind=kind,
        id=str(account.pk) if account else "",
        role=",".join(sorted(request.roles))[:64],
        source_ip=source.client_ip(request),
        client=source.client_family(request),
    )
