"""Proving oneself by a passkey, an app, a recovery code: at the login, and once more before important changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from klisza.accounts import presenters, queries, services, session, source
from klisza.accounts.decorators import to_login
from klisza.accounts.errors import AccountLocked, CodeDead, NoLogin, WrongCode, WrongPasskey
from klisza.accounts.forms import AppCodeForm, CodeForm, LoginForm, RecoveryForm
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.models import Account, Login
from klisza.audit.actor import Actor
from klisza.base.errors import Refused, TooMany

from .render import show_login
from .way import at_step, go_on, home, locked_out

GET_OR_POST = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Given:
    """One try. login: at the login, or the text message of a confirmation."""

    account: Account
    login: Login | None
    by: Actor


@dataclass(frozen=True)
class Shown:
    """What the page shows after a try that was not right."""

    form: AppCodeForm | RecoveryForm | CodeForm
    way: str = ""
    sentence: str = ""


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@at_step(queries.CODE)
def second(request: PortalRequest, login: Login) -> HttpResponse:
    """The second factor of who has more than text messages."""
    if not queries.has_factor(login.account):
        return redirect("accounts:code")
    shown = Shown(AppCodeForm())
    if request.method == "POST":
        try:
            found = _try(request, Given(login.account, login, request.actor))
        except AccountLocked as refusal:
            return locked_out(request, refusal)
        if found is None:
            session.rotate(request)
            return go_on(request, login)
        shown = found
    return render(request, "accounts/factor.html", _page(request, login.account, shown))


@sensitive_post_parameters()
@require_POST
def by_passkey(request: PortalRequest) -> HttpResponse:
    """From the login page: no name, no password, no code."""
    next_path = session.safe_path(request.POST.get("next", ""))
    try:
        login, key = services.enter_passkey(
            challenge_id=request.session.pop(session.CHALLENGE, ""),
            answer=request.POST.get("credential", ""),
            kind=session.listener_kind(),
            by=request.actor,
        )
    except Refused as refusal:
        return show_login(request, LoginForm(), next_path=next_path, sentence=refusal.sentence)
    session.begin_login(request, key, next_path)
    return go_on(request, login)


@require_POST
def options(request: PortalRequest) -> HttpResponse:
    """What a passkey is to sign, for the script: at the login page (for=login) or for a known account."""
    account = None
    if request.POST.get("for") != "login":
        login = session.login_of(request)
        account = request.account or (login.account if login else None)
        if account is None:
            return JsonResponse({"error": "login"}, status=401)
    try:
        asked, challenge = services.begin_proving(account=account, source=source.network(request))
    except TooMany as refusal:
        headers = {"Retry-After": str(refusal.retry_after)}
        return JsonResponse({"sentence": refusal.sentence}, status=refusal.status, headers=headers)
    except WrongPasskey as refusal:
        return JsonResponse({"sentence": refusal.sentence}, status=refusal.status)
    request.session[session.CHALLENGE] = challenge
    return JsonResponse(asked)


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def confirm(request: PortalRequest) -> HttpResponse:
    """ "Please confirm that it is you": for ten minutes the important changes are open (T-102)."""
    account = request.account
    if account is None:
        return to_login(request)  # type: ignore[return-value]
    next_path = session.safe_path(request.POST.get("next", "") or request.GET.get("next", ""))
    texted = session.confirmation_of(request)
    shown = Shown(AppCodeForm())
    if request.method == "POST":
        try:
            found = _try(request, Given(account, texted, request.actor), confirming=True)
        except AccountLocked as refusal:
            return locked_out(request, refusal)
        if found is None:
            request.session.pop(session.CONFIRM, None)
            session.rotate(request)
            session.note_fresh(request)
            return redirect(next_path or home())
        shown = found
    context = _page(request, account, shown) | _confirming(account, texted, next_path)
    return render(request, "accounts/confirm.html", context)


@require_POST
def confirm_text(request: PortalRequest) -> HttpResponse:
    """The text message of a confirmation; the same budgets as at the login."""
    account = request.account
    if account is None:
        return to_login(request)  # type: ignore[return-value]
    next_path = session.safe_path(request.POST.get("next", ""))
    texted = session.confirmation_of(request)
    if texted is None:
        texted, request.session[session.CONFIRM] = services.begin_confirmation(
            account=account, by=request.actor
        )
    sentence = ""
    try:
        services.send_code(login=texted, source=source.network(request), by=request.actor)
    except Refused as refusal:
        sentence = refusal.sentence or _("No text message can be sent here.")
    address = f"{reverse('accounts:confirm')}?{urlencode({'next': next_path})}"
    if not sentence:
        return redirect(address)
    shown = Shown(CodeForm(), sentence=sentence)
    context = _page(request, account, shown) | _confirming(account, texted, next_path)
    return render(request, "accounts/confirm.html", context, status=TooMany.status)


def _try(request: PortalRequest, given: Given, *, confirming: bool = False) -> Shown | None:
    """None when it was right. Raises AccountLocked."""
    way = request.POST.get("way", "")
    if way == queries.PASSKEY:
        return _try_passkey(request, given, None if confirming else given.login)
    if way == queries.RECOVERY:
        form: AppCodeForm | RecoveryForm | CodeForm = RecoveryForm(request.POST)
    else:
        form = CodeForm(request.POST) if way == queries.SMS else AppCodeForm(request.POST)
    if not form.is_valid():
        return Shown(form, way)
    field = "recovery_code" if way == queries.RECOVERY else "code"
    try:
        _enter(way, form.cleaned_data[field], given, None if confirming else given.login)
    except (WrongCode, CodeDead, NoLogin) as refusal:
        form.add_error(field, refusal.sentence or _("This took too long. Please start again."))
        return Shown(form, way)
    return None


def _enter(way: str, typed: str, given: Given, login: Login | None) -> None:
    if way == queries.RECOVERY:
        services.enter_recovery_code(account=given.account, typed=typed, login=login, by=given.by)
    elif way == queries.SMS:
        if given.login is None or login is not None:  # at the login it has a page of its own
            raise NoLogin
        services.enter_code(login=given.login, typed=typed, by=given.by)
    else:
        services.enter_totp(account=given.account, typed=typed, login=login, by=given.by)


def _try_passkey(request: PortalRequest, given: Given, login: Login | None) -> Shown | None:
    try:
        services.prove_passkey(
            account=given.account,
            challenge_id=request.session.pop(session.CHALLENGE, ""),
            answer=request.POST.get("credential", ""),
            login=login,
            by=given.by,
        )
    except (WrongPasskey, NoLogin) as refusal:
        return Shown(AppCodeForm(), queries.PASSKEY, refusal.sentence or _("Please start again."))
    return None


def _page(request: PortalRequest, account: Account, shown: Shown) -> dict[str, Any]:
    """Every way with its form: the one that was sent with its errors, the others empty."""
    form = shown.form
    return {
        "ways": presenters.ways_page(account, request.get_host()),
        "form": form,
        "app_form": form if isinstance(form, AppCodeForm) else AppCodeForm(),
        "code_form": form if isinstance(form, CodeForm) else CodeForm(),
        "recovery_form": form if isinstance(form, RecoveryForm) else RecoveryForm(),
        "tried": shown.way,
        "sentence": shown.sentence,
    }


def _confirming(account: Account, texted: Login | None, next_path: str) -> dict[str, Any]:
    return {
        "texted": _texted(texted),
        "next_path": next_path,
        "provider": presenters.provider_button() if queries.may_use_provider(account) else None,
    }


def _texted(login: Login | None) -> presenters.CodePage | None:
    return presenters.code_page(login) if login and login.codes_sent else None
