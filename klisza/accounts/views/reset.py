"""Forgotten password and forgotten user name (manual, M8.2-M8.6). No GET changes anything: mail scanners
follow links.
"""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from klisza.accounts import masking, queries, services, session, source
from klisza.accounts.errors import LinkDead
from klisza.accounts.forms import ForgottenForm, ForgottenNameForm
from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import TooMany

from .render import wait
from .steps import own_password
from .way import go_on

GET_OR_POST = ["GET", "HEAD", "POST"]


def _patients_only() -> None:
    """Staff get a new password from their administrator; these pages do not exist on their listener."""
    if session.listener_kind() != "patient":
        raise Http404


@require_http_methods(GET_OR_POST)
def forgotten(request: PortalRequest) -> HttpResponse:
    _patients_only()
    form = ForgottenForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        name = form.cleaned_data["user_name"]
        try:
            services.ask_for_reset(user_name=name, source=source.network(request), by=request.actor)
        except TooMany as refusal:
            form.add_error(None, refusal.sentence)
            return wait(request, "accounts/forgotten.html", {"form": form}, refusal)
        minutes = int(settings.RESET_LIFE.total_seconds() // 60)
        return render(request, "accounts/forgotten_sent.html", {"minutes": minutes})
    return render(request, "accounts/forgotten.html", {"form": form})


@require_http_methods(GET_OR_POST)
def forgotten_name(request: PortalRequest) -> HttpResponse:
    _patients_only()
    form = ForgottenNameForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.ask_for_names(
                email=form.cleaned_data["email"], source=source.network(request), by=request.actor
            )
        except TooMany as refusal:
            form.add_error(None, refusal.sentence)
            return wait(request, "accounts/forgotten_name.html", {"form": form}, refusal)
        return render(request, "accounts/forgotten_name_sent.html")
    return render(request, "accounts/forgotten_name.html", {"form": form})


@sensitive_variables("token")
@require_safe
def link(request: PortalRequest, token: str) -> HttpResponse:
    """Out of the address bar, the history and the referrer: the session keeps its digest only (R48)."""
    _patients_only()
    request.session[session.RESET] = queries.reset_digest(token[:128])
    return redirect("accounts:reset")


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def new_password(request: PortalRequest) -> HttpResponse:
    """First a button that sends the code, after the code the new password."""
    _patients_only()
    login = session.login_of(request)
    if login and login.purpose == "reset":
        if queries.next_step(login) != queries.PASSWORD:
            return go_on(request, login)
        return own_password(request, login, "accounts/reset.html")
    digest = request.session.get(session.RESET, "")
    found = queries.usable_reset(digest) if digest else None
    if found is None:
        return render(request, "accounts/reset_dead.html", status=404)
    if request.method != "POST":
        return render(
            request,
            "accounts/reset_start.html",
            {"mobile": masking.masked_mobile(found.account), "digits": settings.OTP_DIGITS},
        )
    try:
        begun, key = services.start_reset(digest=digest, source=source.network(request), by=request.actor)
    except LinkDead:
        return render(request, "accounts/reset_dead.html", status=404)
    session.begin_login(request, key, "")
    return go_on(request, begun)
