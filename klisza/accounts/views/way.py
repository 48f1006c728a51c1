"""From step to step: where a login under way goes next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from klisza.accounts import device_cookie, queries, services, session
from klisza.accounts.forms import LoginForm
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.models import Account, Login
from klisza.audit.actor import Actor
from klisza.base.errors import Refused

from .render import show_login

ADDRESS = {
    queries.CODE: "accounts:code",
    queries.CLAUSE: "accounts:clause",
    queries.ENROL: "accounts:enrol",
    queries.PASSWORD: "accounts:first-password",
}
Step = Callable[[PortalRequest, Login], HttpResponse]


def go_on(request: PortalRequest, login: Login) -> HttpResponse:
    """To the one page that is next; after the last one the person is signed in."""
    step = queries.next_step(login)
    if step == queries.PASSWORD and login.purpose == "reset":
        return redirect("accounts:reset")
    if step == queries.CODE and queries.has_factor(login.account):
        return redirect("accounts:factor")
    if step != queries.DONE:
        return redirect(ADDRESS[step])
    by = owner(request, login)
    account = services.finish(login=login, by=by)
    response = redirect(session.sign_in(request, account) or home())
    if login.code_passed_at:
        session.note_fresh(request, login.code_passed_at)
    device = device_cookie.read(request) or device_cookie.new_key()
    services.remember_device(account=account, key=device, by=by)
    device_cookie.write(response, device)
    return response


def owner(request: PortalRequest, login: Login) -> Actor:
    """Who has passed the code acts under the account's id, although the session is not signed in yet."""
    kind = "staff" if login.account.kind == Account.Kind.STAFF else "account"
    return replace(request.actor, kind=kind, id=str(login.account_id))


def home() -> str:
    return reverse("console:home" if session.listener_kind() == "staff" else "examinations:list")


def at_step(step: str, *, way: str = "") -> Callable[[Step], Callable[[PortalRequest], HttpResponse]]:
    """A view that exists only while this very step is next: no address skips or repeats one.

    way: of the second factor, for pages of one that not every account may use.
    """

    def decorate(view: Step) -> Callable[[PortalRequest], HttpResponse]:
        @wraps(view)
        def guarded(request: PortalRequest) -> HttpResponse:
            login = session.login_of(request)
            if login is None:
                return redirect(home()) if request.account else to_start(request)
            if queries.next_step(login) != step or (way and way not in queries.ways(login.account)):
                return go_on(request, login)
            return view(request, login)

        return guarded

    return decorate


def to_start(request: HttpRequest) -> HttpResponse:
    """The login took too long: the page that was wanted is still wanted."""
    wanted = session.wanted(request)
    address = reverse("accounts:login")
    return redirect(f"{address}?{urlencode({'next': wanted})}" if wanted else address)


def locked_out(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """The account was locked on the way: back to the first page, with the sentence that says what to do."""
    wanted = session.wanted(request)
    session.end(request)
    return show_login(request, LoginForm(), next_path=wanted, sentence=refusal.sentence)
