"""Signing in and security: what the account has, what can be added and removed."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts import presenters, queries, services, session
from klisza.accounts.decorators import fresh_required, to_login
from klisza.accounts.errors import NoLogin
from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import NotFound, Refused

from .way import home

GET_OR_POST = ["GET", "HEAD", "POST"]


@require_safe
def page(request: PortalRequest) -> HttpResponse:
    """For patients and staff alike."""
    account = request.account
    if account is None:
        return to_login(request)  # type: ignore[return-value]
    return render(request, "accounts/security.html", {"security": presenters.security_page(account)})


@require_http_methods(GET_OR_POST)
@fresh_required
def recovery(request: PortalRequest) -> HttpResponse:
    """New recovery codes instead of the old ones."""
    account = request.account
    assert account is not None  # noqa: S101 - fresh_required
    if request.method == "POST":
        try:
            codes = services.make_recovery_codes(account=account, by=request.actor)
        except NoLogin:
            return redirect("accounts:security")
        return render(
            request, "accounts/recovery_codes.html", {"codes": codes, "onward": "accounts:security"}
        )
    return render(request, "accounts/recovery.html", {"left": queries.recovery_left(account)})


@require_http_methods(GET_OR_POST)
@fresh_required
def remove(request: PortalRequest, factor_id: uuid.UUID) -> HttpResponse:
    account = request.account
    assert account is not None  # noqa: S101 - fresh_required
    factor = queries.factor_of(account, factor_id)
    if factor is None:
        raise NotFound
    if request.method == "POST":
        try:
            services.remove_factor(account=account, factor_id=factor_id, by=request.actor)
        except Refused as refusal:
            messages.warning(request, refusal.sentence)
        else:
            messages.success(request, _("It has been removed. We have sent you an e-mail about it."))
        return redirect("accounts:security")
    return render(request, "accounts/remove_factor.html", {"factor": presenters.factor_row(factor)})


@require_POST
def later(request: PortalRequest) -> HttpResponse:
    """ "Not now": the offer does not come back."""
    if request.account is None:
        return to_login(request)  # type: ignore[return-value]
    services.decline_offer(account=request.account, by=request.actor)
    return redirect(session.safe_path(request.POST.get("next", "")) or home())
