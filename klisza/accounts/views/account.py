"""The name menu: change password, information (manual, M8.1)."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from klisza.accounts import clausetext, queries, services, session
from klisza.accounts.decorators import fresh_required, patient_required, to_login
from klisza.accounts.errors import AccountLocked, WrongPassword
from klisza.accounts.forms import ChangePasswordForm
from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import Refused

from .way import home, locked_out


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: PortalRequest) -> HttpResponse:
    """For patients and staff alike."""
    account = request.account
    if account is None:
        return to_login(request)  # type: ignore[return-value]
    if not account.has_usable_password():
        context = {"is_staff": account.kind == account.Kind.STAFF, "label": settings.PATIENT_OIDC_LABEL}
        return render(request, "accounts/password_none.html", context)
    form = ChangePasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.change_password(
                account=account,
                old=form.cleaned_data["old_password"],
                new=form.cleaned_data["new_password"],
                by=request.actor,
            )
        except AccountLocked as refusal:
            return locked_out(request, refusal)
        except Refused as refusal:
            form.add_error(
                "old_password" if isinstance(refusal, WrongPassword) else "new_password", refusal.sentence
            )
        else:
            session.renew(request, account)
            messages.success(
                request, _("Your password has been changed. All other devices have been logged out.")
            )
            return redirect(home())
    return render(request, "accounts/password.html", {"form": form, "user_name": account.user_name})


@require_safe
@patient_required
def information(request: PortalRequest) -> HttpResponse:
    """What was accepted, readable at any time."""
    account = request.account
    assert account is not None  # noqa: S101 - patient_required
    shown, acceptance = clausetext.current(get_language() or ""), queries.acceptance_of(account)
    other = acceptance is not None and acceptance.sha256 != shown.sha256
    context = {
        "clause": shown,
        "acceptance": acceptance,
        "accepted": clausetext.to_html(queries.accepted_words(acceptance)) if acceptance and other else "",
        "closing": queries.closing_request(account),
    }
    return render(request, "accounts/information.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@patient_required
@fresh_required
def close(request: PortalRequest) -> HttpResponse:
    """Closing is a wish apart from the clause: it waits some days, and can be taken back here."""
    account = request.account
    assert account is not None  # noqa: S101 - patient_required
    if "close" in request.POST:
        services.ask_to_close(account=account, by=request.actor)
        messages.success(request, _("We have noted that you want your account closed."))
        return redirect("accounts:close")
    if "keep" in request.POST:
        services.take_back(account=account, by=request.actor)
        messages.success(request, _("Your account stays open."))
        return redirect("accounts:close")
    days = settings.CLOSING_AFTER.days
    return render(request, "accounts/close.html", {"closing": queries.closing_request(account), "days": days})
