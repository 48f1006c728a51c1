"""Pages that more than one view shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from klisza.accounts import session
from klisza.accounts.forms import LoginForm
from klisza.base.errors import TooMany


def show_login(
    request: HttpRequest, form: LoginForm, *, next_path: str = "", sentence: str = "", status: int = 200
) -> HttpResponse:
    """sentence: what happened on a later page that sent the person back here."""
    context = {
        "form": form,
        "next_path": next_path,
        "sentence": sentence,
        "ended": request.session.pop(session.ENDED, "") if session.ENDED in request.session else "",
        "has_reset": session.listener_kind() == "patient",
    }
    return render(request, "accounts/login.html", context, status=status)


def wait(request: HttpRequest, template: str, context: dict[str, Any], refusal: TooMany) -> HttpResponse:
    return waits(render(request, template, context), refusal)


def waits(response: HttpResponse, refusal: TooMany) -> HttpResponse:
    """The same page as ever, and for machines: too many, until when."""
    response.status_code = TooMany.status
    response.headers["Retry-After"] = str(refusal.retry_after)
    return response
