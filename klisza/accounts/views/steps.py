"""The steps after the password: code, information clause, own password (manual, M2.3-M2.5)."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from klisza.accounts import clausetext, presenters, queries, services, session, source
from klisza.accounts.errors import AccountLocked, NoLogin, WeakPassword
from klisza.accounts.forms import CodeForm, LoginForm, NewPasswordForm
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.models import Login
from klisza.base.errors import Refused, TooMany

from .render import show_login, waits
from .way import at_step, go_on, locked_out, owner

GET_OR_POST = ["GET", "HEAD", "POST"]


@require_http_methods(GET_OR_POST)
@at_step(queries.CODE, way=queries.SMS)
def code(request: PortalRequest, login: Login) -> HttpResponse:
    if request.method != "POST":
        return _code_page(request, login, CodeForm())
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _code_page(request, login, form)
    try:
        services.enter_code(login=login, typed=form.cleaned_data["code"], by=request.actor)
    except AccountLocked as refusal:
        return locked_out(request, refusal)
    except Refused as refusal:
        form.add_error("code", refusal.sentence)
        return _code_page(request, login, form)
    session.rotate(request)
    return go_on(request, login)


def _code_page(request: PortalRequest, login: Login, form: CodeForm, *, sentence: str = "") -> HttpResponse:
    context = {"form": form, "code": presenters.code_page(login), "sentence": sentence}
    return render(request, "accounts/code.html", context)


@require_http_methods(GET_OR_POST)
@at_step(queries.CODE, way=queries.SMS)
def code_again(request: PortalRequest, login: Login) -> HttpResponse:
    """Needs a login under way, so it tells nothing about passwords and pumps no messages (R44)."""
    if request.method == "POST":
        try:
            services.send_code(login=login, source=source.network(request), by=request.actor)
        except TooMany as refusal:
            return waits(_code_page(request, login, CodeForm(), sentence=refusal.sentence), refusal)
        messages.success(request, _("We have sent you a new code. Only the newest one counts."))
    return redirect("accounts:code")


@require_http_methods(GET_OR_POST)
@at_step(queries.CLAUSE)
def clause(request: PortalRequest, login: Login) -> HttpResponse:
    shown = clausetext.current(get_language() or "")
    if request.method != "POST":
        return render(request, "accounts/clause.html", {"clause": shown})
    if "later" in request.POST:
        services.abandon(login=login, by=owner(request, login))
        session.end(request)
        return render(request, "accounts/not_now.html")
    try:
        services.accept_clause(
            account=login.account,
            version=request.POST.get("version", ""),
            language=shown.language,
            by=owner(request, login),
        )
    except NoLogin:
        return redirect("accounts:clause")
    return go_on(request, login)


@require_POST
@at_step(queries.PASSWORD)
def no_password(request: PortalRequest, login: Login) -> HttpResponse:
    """Whose identity a provider proves at every login needs none."""
    try:
        services.go_without_password(login=login, by=owner(request, login))
    except NoLogin:
        return redirect("accounts:first-password")
    return go_on(request, login)


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@at_step(queries.PASSWORD)
def first_password(request: PortalRequest, login: Login) -> HttpResponse:
    if login.purpose == "reset":
        return redirect("accounts:reset")
    return own_password(request, login, "accounts/first_password.html")


def own_password(request: PortalRequest, login: Login, template: str) -> HttpResponse:
    """The same form at the end of the first login and behind a reset link."""
    form = NewPasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.set_own_password(
                login=login, raw=form.cleaned_data["new_password"], by=owner(request, login)
            )
        except WeakPassword as refusal:
            form.add_error("new_password", refusal.sentence)
        except Refused:  # the link was used meanwhile, or the account was locked
            session.end(request)
            return _start_again(request)
        else:
            return go_on(request, login)
    context = {
        "form": form,
        "user_name": login.account.user_name,
        "may_go_without": queries.may_go_without_password(login),
        "label": settings.PATIENT_OIDC_LABEL,
    }
    return render(request, template, context)


def _start_again(request: PortalRequest) -> HttpResponse:
    return show_login(
        request, LoginForm(), sentence=_("This took too long or was already done. Please start again.")
    )
