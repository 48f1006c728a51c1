"""A locked account that its owner may unlock (a setting): link in the mail, code by text message. No GET changes
anything: mail scanners follow links.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from klisza.accounts import masking, presenters, queries, services, session, source
from klisza.accounts.errors import AccountLocked, LinkDead
from klisza.accounts.forms import CodeForm
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.models import Login
from klisza.base.errors import Refused, TooMany

from .render import waits
from .way import locked_out

GET_OR_POST = ["GET", "HEAD", "POST"]


@sensitive_variables("token")
@require_safe
def link(request: PortalRequest, token: str) -> HttpResponse:
    """Out of the address bar and the referrer, as with a new password (R48)."""
    _only_where_allowed()
    request.session[session.UNLOCK] = queries.reset_digest(token[:128])
    return redirect("accounts:unlock")


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def page(request: PortalRequest) -> HttpResponse:
    """First a button that sends the code, then the code."""
    _only_where_allowed()
    login = queries.unlock_under_way(request.session.get(session.LOGIN, ""))
    if login:
        return _enter(request, login)
    digest = request.session.get(session.UNLOCK, "")
    found = queries.usable_unlock(digest) if digest else None
    if found is None:
        return _dead(request)
    if request.method != "POST":
        return render(request, "accounts/unlock_start.html", {"mobile": masking.masked_mobile(found.account)})
    try:
        _begun, key = services.start_unlock(digest=digest, source=source.network(request), by=request.actor)
    except LinkDead:
        return _dead(request)
    session.begin_login(request, key, "")
    return redirect("accounts:unlock")


def _enter(request: PortalRequest, login: Login) -> HttpResponse:
    form = CodeForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _code_page(request, login, form)
    try:
        services.finish_unlock(login=login, typed=form.cleaned_data["code"], by=request.actor)
    except AccountLocked as refusal:
        return locked_out(request, refusal)
    except LinkDead:
        return _dead(request)
    except Refused as refusal:
        form.add_error("code", refusal.sentence)
        return _code_page(request, login, form)
    session.end(request)
    messages.success(request, _("Your account is unlocked. You can log in again."))
    return redirect("accounts:login")


@require_http_methods(GET_OR_POST)
def again(request: PortalRequest) -> HttpResponse:
    _only_where_allowed()
    login = queries.unlock_under_way(request.session.get(session.LOGIN, ""))
    if login and request.method == "POST":
        try:
            services.send_code(login=login, source=source.network(request), by=request.actor)
        except TooMany as refusal:
            return waits(_code_page(request, login, CodeForm(), sentence=refusal.sentence), refusal)
        messages.success(request, _("We have sent you a new code. Only the newest one counts."))
    return redirect("accounts:unlock")


def _code_page(request: PortalRequest, login: Login, form: CodeForm, *, sentence: str = "") -> HttpResponse:
    context = {"form": form, "code": presenters.code_page(login), "sentence": sentence}
    return render(request, "accounts/unlock.html", context)


def _dead(request: PortalRequest) -> HttpResponse:
    return render(request, "accounts/unlock_dead.html", status=404)


def _only_where_allowed() -> None:
    if session.listener_kind() != "patient" or not settings.SELF_UNLOCK:
        raise Http404
