"""Doors of the pages: who is not signed in goes to the login and comes back afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from klisza.audit.services import record
from klisza.base.errors import NotAllowed

from . import session
from .middleware import PortalRequest
from .models import Account

# The views take PortalRequest, which is what SignedIn has made of the HttpRequest.
View = Callable[..., HttpResponseBase]


def patient_required(view: View) -> View:
    """For pages of one's own data. A script (Accept: application/json) gets 401, not a login page."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        account = cast("PortalRequest", request).account
        if account is None or account.kind != Account.Kind.PATIENT:
            return to_login(request)
        return view(request, *args, **kwargs)

    return guarded


def staff_required(*roles: str) -> Callable[[View], View]:
    """For staff with one of the roles; without roles for all staff. `admin` may do what every role may."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            asking = cast("PortalRequest", request)
            if asking.account is None or asking.account.kind != Account.Kind.STAFF:
                return to_login(request)
            if roles and not asking.roles & {*roles, "admin"}:
                record("access.refused", by=asking.actor, outcome="refused")
                raise NotAllowed(_("Your role does not include this page."))
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def fresh_required(view: View) -> View:
    """For changes that a stolen session must not make: a second factor within the last ten minutes (T-102).

    Stands below patient_required or staff_required. A page that was asked for comes back after the confirmation;
    a form does not: it leads back to the page it stood on. A script gets 403.
    """

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if cast("PortalRequest", request).account is None:
            return to_login(request)
        if not session.is_fresh(request):
            return to_confirm(request)
        return view(request, *args, **kwargs)

    return guarded


def to_confirm(request: HttpRequest) -> HttpResponseBase:
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"error": "confirm"}, status=403)
    return redirect(f"{reverse('accounts:confirm')}?{urlencode({'next': way_back(request)})}")


def to_login(request: HttpRequest) -> HttpResponseBase:
    """Only a page that was asked for by GET can be asked for again after the login; a form leads back to its page."""
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"error": "login"}, status=401)
    address, back = reverse("accounts:login"), way_back(request)
    return redirect(f"{address}?{urlencode({'next': back})}" if back else address)


def way_back(request: HttpRequest) -> str:
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("Referer", ""))
    return session.safe_path(came_from.path) if came_from.netloc == request.get_host() else ""
