"""Pages that more than one view shows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from klisza.accounts import presenters, session
from klisza.accounts.forms import LoginForm
from klisza.base.errors import TooMany


def show_login(
    request: HttpRequest, form: LoginForm, *, next_path: str = "", sentence: str = "", status: int = 200
) -> HttpResponse:
    """sentence: what happened on a later page that sent the person back here."""
    context = {
        "form": form,
        "next_path": next_path,
        "sentence": sentence or session.told(request),
        "ended": request.session.pop(session.ENDED, "") if session.ENDED in request.session else "",
        "minutes": int(settings.SESSION_IDLE.total_seconds() // 60),
        "has_reset": session.listener_kind() == "patient",
        "has_passkeys": presenters.passkeys_here(request.get_host()),
        "provider": presenters.provider_button(),
        # Without local logins the form is behind a link, for accounts that were made for emergencies.
        "has_form": settings.STAFF_LOCAL_LOGIN
        or session.listener_kind() == "patient"
        or request.method == "POST"
        or "emergency" in request.GET,
    }
    return render(request, "accounts/login.html", context, status=status)


def wait(request: HttpRequest, template: str, context: dict[str, Any], refusal: TooMany) -> HttpResponse:
    return waits(render(request, template, context), refusal)


def waits(response: HttpResponse, refusal: TooMany) -> HttpResponse:
    """The same page as ever, and for machines: too many, until when."""
    response.status_code = TooMany.status
    response.headers["Retry-After"] = str(refusal.retry_after)
    return response
