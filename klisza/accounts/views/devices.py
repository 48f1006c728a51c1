"""Where this account is signed in, and the one clock of all its windows (T-96, T-101)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts import devicelist, marks, services, session
from klisza.accounts.decorators import to_login
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.services.sessions import of


@require_safe
def devices(request: PortalRequest) -> HttpResponse:
    """For patients and staff alike."""
    if request.account is None:
        return to_login(request)  # type: ignore[return-value]
    rows = devicelist.devices(of(request.account), own_key=request.session.session_key or "")
    return render(request, "accounts/devices.html", {"devices": rows})


@require_POST
def end_one(request: PortalRequest) -> HttpResponse:
    """Needs no fresh factor: whoever sees a stranger in the list must be quick."""
    if request.account is None:
        return to_login(request)  # type: ignore[return-value]
    key = request.POST.get("device", "")
    services.end_session(account=request.account, row_key=key, by=request.actor)
    messages.success(request, _("This device has been logged out."))
    return redirect("accounts:devices")


@require_POST
def end_others(request: PortalRequest) -> HttpResponse:
    if request.account is None:
        return to_login(request)  # type: ignore[return-value]
    kept = request.session.session_key or ""
    ended = services.end_other_sessions(account=request.account, kept=kept, by=request.actor)
    messages.success(
        request,
        ngettext("%(number)d device has been logged out.", "%(number)d devices have been logged out.", ended)
        % {"number": ended},
    )
    return redirect("accounts:devices")


@require_safe
def back(request: PortalRequest) -> HttpResponse:
    """The end of a login in a second window: the first one still holds what was typed there."""
    if request.account is None:
        return to_login(request)  # type: ignore[return-value]
    return render(request, "accounts/back.html")


@require_http_methods(["GET", "POST"])
def alive(request: PortalRequest) -> JsonResponse:
    """How much time is left, by the server's clock. POST: somebody is there; GET only asks.

    who: which account, as a digest: a window of the one before must not go on under another's name.
    """
    account = request.account
    if account is None:
        return JsonResponse({"left": 0})
    if request.method == "POST":
        session.touch(request)
    left = session.left(request, account)
    return JsonResponse(
        {
            "left": left.seconds,
            "final": left.is_final,
            "who": marks.of_page(account),
            "token": get_token(request),
        }
    )
