"""The registration desk: find somebody, hand out the slip, help who has lost the telephone with the passkey."""

from __future__ import annotations

import uuid

import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from klisza.accounts import queries as accounts
from klisza.accounts import services
from klisza.accounts.decorators import fresh_required, staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.models import Account
from klisza.audit.services import record
from klisza.base.errors import NotFound, Refused
from klisza.console import queries
from klisza.console.forms.find import FindForm, IdentityForm
from klisza.console.presenters import accounts as cards
from klisza.console.presenters import desk as shown
from klisza.console.presenters import pages
from klisza.console.readers import READERS, may_read, reader
from klisza.patients import queries as patients

from .home import find_recorded

GET_OR_POST = ["GET", "HEAD", "POST"]
INSTRUCTION = "/instruction/"  # of the portal, whose addresses this listener does not serve


@require_http_methods(GET_OR_POST)
@sensitive_post_parameters()
@reader["desk"]
def desk(request: PortalRequest) -> HttpResponse:
    """The search is a POST: names and numbers stay out of addresses and logs."""
    form = FindForm(request.POST if request.method == "POST" else None)
    context: dict[str, object] = {"form": form, "find_address": "console:desk"}
    if form.is_bound and form.is_valid():
        context["found"] = [shown.found(person) for person in find_recorded(request, form)]
    mine = [name for name in pages.DESK_LISTS if may_read(request, *READERS[name])]
    context["lists"] = pages.links(mine, queries.counts(mine))
    return render(request, "console/desk.html", context)


@require_http_methods(GET_OR_POST)
@staff_required("registration")
@fresh_required
def factors(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Passkey, app and recovery codes are lost: all are removed, text messages go on (N18)."""
    person = patients.survivor(patients.get(patient_id))
    account = _account(patient_id)
    if not accounts.has_factor(account):
        raise NotFound
    form = IdentityForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        record("patient.viewed", by=request.actor, patient_id=person.pk)
        context = {
            "patient": person,
            "name": patients.full_name(person),
            "card": cards.account_card(account),
            "form": form,
        }
        return render(request, "console/factors.html", context, status=400 if form.is_bound else 200)
    try:
        services.reset_factors(
            account=account, reason=form.cleaned_data["reason"], by=request.actor, patient_id=person.pk
        )
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(
            request, _("Removed. The patient logs in with the password and a code by text message.")
        )
    return redirect("console:patient", person.pk)


@require_safe
@staff_required("registration")
def slip(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """In the patient's language: where the portal is and the user name. No name, no number, never a password."""
    person = patients.survivor(patients.get(patient_id))
    account = _account(patient_id)
    if not cards.account_card(account).has_slip:
        raise NotFound
    record("account.slip_shown", by=request.actor, patient_id=person.pk, objects=[account])
    instruction = settings.PUBLIC_URL + INSTRUCTION
    picture = segno.make(instruction, error="m", micro=False).svg_inline(
        border=4, light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    context = {
        "patient": person,
        "address": settings.PUBLIC_URL,
        "instruction": instruction,
        "user_name": account.user_name,
        "is_new": account.state == Account.State.NEW,
        "picture": mark_safe(picture),  # drawn here, from a setting
        "language": account.language,
    }
    return render(request, "console/slip.html", context)


def _account(patient_id: uuid.UUID) -> Account:
    """The one that speaks for the person. Raises NotFound."""
    account = patients.account_of(patients.survivor(patients.get(patient_id)))
    if account is None or account.state == Account.State.CLOSED:
        raise NotFound
    return account
