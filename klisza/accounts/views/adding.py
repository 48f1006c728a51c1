"""Adding a passkey or an app: on the security page, and compulsory on the way of staff into the portal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts import presenters, queries, services, session
from klisza.accounts.decorators import to_confirm, to_login
from klisza.accounts.errors import AccountLocked, NoLogin, WrongPasskey
from klisza.accounts.forms import AppCodeForm, NameForm
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.models import Account, Login
from klisza.accounts.services.factors import totp
from klisza.audit.actor import Actor
from klisza.base.errors import Refused

from .way import go_on, home, locked_out, owner

GET_OR_POST = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Place:
    """Whose factor is being added, and where. login: of staff on their way in."""

    account: Account
    by: Actor
    login: Login | None

    def address(self, page: str = "") -> str:
        start = "accounts:enrol" if self.login else "accounts:add"
        return f"{start}-{page}" if page else start

    @property
    def afterwards(self) -> str:
        """The page of the step leads on by itself when the step is done."""
        return "accounts:enrol" if self.login else "accounts:security"


View = Callable[[PortalRequest, Place], HttpResponse]


def at_place(view: View) -> Callable[..., HttpResponse]:
    @wraps(view)
    def guarded(request: PortalRequest, *, enrolling: bool) -> HttpResponse:
        if enrolling:
            login = session.login_of(request)
            if login is None:
                return redirect(home() if request.account else "accounts:login")
            if queries.next_step(login) != queries.ENROL:
                return go_on(request, login)
            return view(request, Place(login.account, owner(request, login), login))
        if request.account is None:
            return to_login(request)  # type: ignore[return-value]
        if not session.is_fresh(request):
            return to_confirm(request)  # type: ignore[return-value]
        return view(request, Place(request.account, request.actor, None))

    return guarded


@require_safe
@at_place
def choices(request: PortalRequest, place: Place) -> HttpResponse:
    return _choices(request, place)


@sensitive_post_parameters()
@require_POST
@at_place
def passkey(request: PortalRequest, place: Place) -> HttpResponse:
    form = NameForm(request.POST)
    try:
        codes = services.add_passkey(
            account=place.account,
            challenge_id=request.session.pop(session.CHALLENGE, ""),
            answer=request.POST.get("credential", ""),
            name=form.cleaned_data["name"] if form.is_valid() else "",
            login=place.login,
            by=place.by,
        )
    except Refused as refusal:
        return _choices(request, place, sentence=refusal.sentence)
    return _added(request, place, codes)


@require_POST
@at_place
def options(request: PortalRequest, place: Place) -> HttpResponse:
    """What the browser is to make, for the script."""
    try:
        asked, request.session[session.CHALLENGE] = services.begin_adding(account=place.account)
    except WrongPasskey as refusal:
        return JsonResponse({"sentence": refusal.sentence}, status=refusal.status)
    return JsonResponse(asked)


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@at_place
def app(request: PortalRequest, place: Place) -> HttpResponse:
    """First a button that makes the secret, then its QR code, then the first code of the app."""
    if "start" in request.POST:
        services.begin_app(account=place.account)
        return redirect(place.address("app"))
    pending = queries.app_being_added(place.account)
    if pending is None:
        return redirect(place.address())
    form = AppCodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            codes = services.confirm_app(
                account=place.account,
                typed=form.cleaned_data["code"],
                name=request.POST.get("name", ""),
                login=place.login,
                by=place.by,
            )
        except AccountLocked as refusal:
            return locked_out(request, refusal)
        except NoLogin:
            return redirect(place.address())
        except Refused as refusal:
            form.add_error("code", refusal.sentence)
        else:
            return _added(request, place, codes)
    context = {
        "setup": totp.setup(pending),
        "form": form,
        "action": place.address("app"),
        "back": place.address(),
    }
    return render(request, "accounts/app.html", context)


def _choices(request: PortalRequest, place: Place, *, sentence: str = "") -> HttpResponse:
    context = {
        "sentence": sentence,
        "enrolling": place.login is not None,
        "keys": presenters.passkeys_here(request.get_host()),
        "keys_at": presenters.passkeys_at(),
        "form": NameForm(),
        "passkey": place.address("passkey"),
        "options": place.address("options"),
        "app": place.address("app"),
    }
    return render(request, "accounts/add.html", context)


@sensitive_variables("codes")
def _added(request: PortalRequest, place: Place, codes: list[str]) -> HttpResponse:
    """New codes are shown in this very answer: nothing keeps them for a second look."""
    session.rotate(request)
    if place.login is None:
        session.note_fresh(request)
    if codes:
        context = {"codes": codes, "onward": place.afterwards, "is_added": True}
        return render(request, "accounts/recovery_codes.html", context)
    return redirect(place.afterwards)
