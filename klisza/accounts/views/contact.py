"""My contact data, and replacing them: new address -> code -> in use (N17). Only with a fresh factor."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts import masking
from klisza.accounts.decorators import fresh_required, patient_required
from klisza.accounts.errors import CodeDead
from klisza.accounts.forms import ContactCodeForm, NewEmailForm, NewMobileForm
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.models import Account, ContactChange
from klisza.accounts.services import contact as services
from klisza.base.errors import Refused, TooMany

GET_OR_POST = ["GET", "HEAD", "POST"]
FORMS = {services.MAIL.value: NewEmailForm, services.SMS.value: NewMobileForm}


@require_safe
@patient_required
def contact(request: PortalRequest) -> HttpResponse:
    account = _account(request)
    proposals = [
        _shown(change)
        for change in services.open_changes(account)
        if change.origin == ContactChange.Origin.HOSPITAL
    ]
    context = {
        "account": account,
        "email": masking.masked_email(account),
        "mobile": masking.masked_mobile(account),
        "proposals": proposals,
    }
    return render(request, "accounts/contact.html", context)


@require_http_methods(GET_OR_POST)
@patient_required
@fresh_required
def change(request: PortalRequest, channel: str) -> HttpResponse:
    """The new address."""
    if channel not in FORMS:
        raise Http404
    form = FORMS[channel](request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        try:
            services.ask(
                account=_account(request),
                channel=channel,
                address=form.cleaned_data["address"],
                origin=ContactChange.Origin.OWNER,
                by=request.actor,
            )
        except Refused as refusal:
            form.add_error("address", refusal.sentence)
            status = refusal.status if isinstance(refusal, TooMany) else 200
        else:
            return redirect("accounts:contact-code", channel)
    context = {"form": form, "is_mail": channel == services.MAIL}
    return render(request, "accounts/contact_change.html", context, status=status)


@require_http_methods(GET_OR_POST)
@patient_required
@fresh_required
def code(request: PortalRequest, channel: str) -> HttpResponse:
    """What came to the new address."""
    account = _account(request)
    wish = services.open_change(account, channel)
    if wish is None:
        return redirect("accounts:contact")
    form = ContactCodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.confirm(change=wish, typed=form.cleaned_data["code"], by=request.actor)
        except Refused as refusal:
            form.add_error("code", refusal.sentence)
            wish.refresh_from_db()
        else:
            messages.success(
                request, _("Your contact data have been changed. We have told the old address too.")
            )
            return redirect("accounts:contact")
    return render(request, "accounts/contact_code.html", {"form": form, **_shown(wish)})


@require_POST
@patient_required
@fresh_required
def again(request: PortalRequest, channel: str) -> HttpResponse:
    """A new code; for what the hospital has told, the first one."""
    wish = services.open_change(_account(request), channel)
    if wish is None:
        return redirect("accounts:contact")
    try:
        services.send_again(change=wish, by=request.actor)
    except (TooMany, CodeDead) as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, _("We have sent a code. Only the newest one counts."))
    return redirect("accounts:contact-code", channel)


@require_POST
@patient_required
def drop(request: PortalRequest, channel: str) -> HttpResponse:
    wish = services.open_change(_account(request), channel)
    if wish is not None:
        services.drop(change=wish, by=request.actor)
        messages.success(request, _("Nothing was changed."))
    return redirect("accounts:contact")


def _shown(change: ContactChange) -> dict[str, Any]:
    is_mail = change.channel == services.MAIL
    life = settings.CONTACT_MAIL_LIFE if is_mail else settings.CODE_LIFE
    return {
        "channel": change.channel,
        "is_mail": is_mail,
        "masked": services.masked_address(change),
        "live": services.has_live_code(change),
        "digits": settings.CONTACT_MAIL_DIGITS if is_mail else settings.OTP_DIGITS,
        "minutes": int(life.total_seconds() // 60),
    }


def _account(request: PortalRequest) -> Account:
    assert request.account is not None  # noqa: S101 - patient_required
    return request.account
