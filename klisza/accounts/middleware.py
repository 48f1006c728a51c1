"""Who is asking: every request gets `request.account` and `request.actor`."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render

from klisza.audit.actor import Actor
from klisza.base import sealing

from . import marks, session, source
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


class ForWhom:
    """Links in mails say for whom they are: somebody else's leads to a clear page and to no data (S43)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: PortalRequest) -> HttpResponseBase:
        mark = request.GET.get(marks.PARAMETER, "") if request.method in ("GET", "HEAD") else ""
        if not mark or request.account is None:  # a stranger takes the whole address along to the login
            return self.get_response(request)
        if not sealing.same(mark, marks.of_link(request.account)):
            return render(request, "accounts/wrong_account.html", {"account": request.account}, status=403)
        kept = request.GET.copy()
        del kept[marks.PARAMETER]
        # Quoted anew: what was "/%5Cevil.example" is a path of ours again, not another host (R31).
        path = "/" + quote(request.path.lstrip("/"))
        return HttpResponseRedirect(f"{path}?{kept.urlencode()}" if kept else path)


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
