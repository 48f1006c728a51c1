"""The login window, the way out, and the language of both."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts import device_cookie, services, session, source
from klisza.accounts.errors import WrongPassword
from klisza.accounts.forms import LoginForm
from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import Refused, TooMany

from .render import show_login
from .way import go_on, home

ONE_YEAR_SECONDS = 31_536_000


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: PortalRequest) -> HttpResponse:
    next_path = session.safe_path(request.POST.get("next", "") or request.GET.get("next", ""))
    if request.method != "POST":
        return (
            redirect(next_path or home())
            if request.account
            else show_login(request, LoginForm(), next_path=next_path)
        )
    form = LoginForm(request.POST)
    if not form.is_valid():
        return show_login(request, form, next_path=next_path)
    network = source.network(request)
    try:
        begun, key = services.enter_password(
            user_name=form.cleaned_data["user_name"],
            password=form.cleaned_data["password"],
            kind=session.listener_kind(),
            source=network,
            by=request.actor,
            device=device_cookie.read(request),
        )
    except WrongPassword as refusal:
        form.add_error(None, refusal.sentence)
        return show_login(request, form, next_path=next_path)
    except Refused as refusal:  # nothing to correct: locked, expired or too many tries
        return _tell(request, refusal, next_path)
    session.begin_login(request, key, next_path)
    services.send_first_code(login=begun, source=network, by=request.actor)
    return go_on(request, begun)


@require_safe
def on(request: PortalRequest) -> HttpResponse:
    """A login that was begun by another app's page goes on."""
    login = session.login_of(request)
    return go_on(request, login) if login else redirect("accounts:login")


def _tell(request: PortalRequest, refusal: Refused, next_path: str) -> HttpResponse:
    # Locked must look like wrong: the same status for every name.
    status = refusal.status if isinstance(refusal, TooMany) else 200
    response = show_login(request, LoginForm(), next_path=next_path, sentence=refusal.sentence, status=status)
    if isinstance(refusal, TooMany):
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


@require_POST
def logout(request: PortalRequest) -> HttpResponse:
    """Nothing stays behind on a shared computer (R59)."""
    session.end(request)
    wanted = session.safe_path(request.POST.get("next", ""))
    address = reverse("accounts:login")
    response = redirect(f"{address}?{urlencode({'next': wanted})}" if wanted else address)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@require_POST
def language(request: PortalRequest) -> HttpResponse:
    """For the account, this session and this browser."""
    chosen = request.POST.get("language", "")
    response = redirect(session.safe_path(request.POST.get("next", "")) or "/")
    if chosen not in dict(settings.LANGUAGES):
        return response
    if request.account:
        services.choose_language(account=request.account, language=chosen, by=request.actor)
    if request.session.session_key:
        request.session[session.LANGUAGE] = chosen
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=ONE_YEAR_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.HTTPS,
    )
    return response
