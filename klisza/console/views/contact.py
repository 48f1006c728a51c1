"""The desk with a document in the hand: e-mail and mobile number of a patient, whatever the account's state."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from klisza.accounts.decorators import fresh_required, staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.models import Account
from klisza.accounts.services import contact
from klisza.audit.services import record
from klisza.base.errors import NotFound, Refused
from klisza.console import services as decisions
from klisza.console.forms.carers import ContactForm, EntryForm, OwnContactForm, ReadBackForm
from klisza.console.presenters import carers as shown
from klisza.console.queries import desk as standing
from klisza.patients import queries as patients
from klisza.patients import services
from klisza.patients.models import Patient

CHANGE, ENTER, OWN, NOBODY = "change", "enter", "own", ""


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@staff_required("registration")
@fresh_required
def change_contact(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Of an account in use: a code goes to the new number or address, and the patient reads it out at the desk.

    Without one: what is entered counts at once, and the account follows by itself.
    """
    person = patients.survivor(patients.get(patient_id))
    if request.method != "POST":
        return _page(request, person)
    way = _way(person)
    if way == CHANGE:
        return _change(request, person)
    if way == ENTER:
        return _enter(request, person)
    raise NotFound


def _way(person: Patient) -> str:
    """What the desk can do about the contact data of this person: change | enter | own | nothing."""
    if shown.may_have_own_account(person):
        return OWN
    account = patients.account_of(person)
    if account is not None and account.state in (Account.State.ACTIVE, Account.State.LOCKED):
        return CHANGE
    if shown.is_minor(person) or (account is not None and account.state == Account.State.CLOSED):
        return NOBODY
    return ENTER


def _change(request: PortalRequest, person: Patient) -> HttpResponse:
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _page(request, person, 400, contact_form=form)
    try:
        contact.ask(
            account=_account_in_use(person),
            channel=form.cleaned_data["channel"],
            address=form.cleaned_data["address"],
            origin="desk",
            document=form.noted,
            by=request.actor,
        )
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _page(request, person, 400, contact_form=form)
    messages.success(request, _("The code is on its way. Ask the patient to read it out."))
    return redirect("console:contact", person.pk)


def _enter(request: PortalRequest, person: Patient) -> HttpResponse:
    form = EntryForm(request.POST, auto_id="enter-%s")
    if not form.is_valid():
        return _page(request, person, 400, entry_form=form)
    try:
        account = services.enter_contact(
            patient=person,
            email=form.cleaned_data["email"],
            mobile=form.cleaned_data["mobile"],
            document=form.noted,
            visible=standing.has_something_to_see(person),
            by=request.actor,
        )
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _page(request, person, 400, entry_form=form)
    if form.cleaned_data["email"]:
        decisions.forget_bounces(patient=person, by=request.actor)
    messages.success(
        request,
        _("Entered. A temporary password is on its way to this e-mail address.")
        if account
        else _("Entered. Why there is no account yet stands below."),
    )
    return redirect("console:patient", person.pk)


@require_POST
@sensitive_post_parameters()
@staff_required("registration")
@fresh_required
def own_contact(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The person is old enough, shows the own document and gives the own addresses."""
    person = patients.survivor(patients.get(patient_id))
    form = OwnContactForm(request.POST, auto_id="own-%s")
    if not form.is_valid():
        return _page(request, person, 400, own_form=form)
    try:
        services.enter_own_contact(
            patient=person,
            email=form.cleaned_data["email"],
            mobile=form.cleaned_data["mobile"],
            document=form.noted,
            by=request.actor,
        )
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _page(request, person, 400, own_form=form)
    messages.success(request, _("Entered. A temporary password is on its way to this e-mail address."))
    return redirect("console:patient", person.pk)


@require_POST
@sensitive_post_parameters()
@staff_required("registration")
@fresh_required
def read_back(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    person = patients.survivor(patients.get(patient_id))
    form = ReadBackForm(request.POST, auto_id="code-%s")
    if not form.is_valid():
        return _page(request, person, 400, code_form=form)
    wish = contact.open_change(_account_in_use(person), form.cleaned_data["channel"])
    if wish is None or wish.origin != "desk":
        raise NotFound
    try:
        contact.confirm(change=wish, typed=form.cleaned_data["code"], by=request.actor)
    except Refused as refusal:
        form.add_error("code", refusal.sentence)
        return _page(request, person, 400, code_form=form)
    if wish.channel == contact.MAIL:
        decisions.forget_bounces(patient=person, by=request.actor)
    messages.success(request, _("Changed. The old address has been told."))
    return redirect("console:patient", person.pk)


def _page(request: PortalRequest, person: Patient, status: int = 200, **forms: Form) -> HttpResponse:
    record("patient.viewed", by=request.actor, patient_id=person.pk)
    way, account = _way(person), patients.account_of(person)
    waiting = contact.open_changes(account) if account and way == CHANGE else []
    context = {
        "patient": person,
        "name": patients.full_name(person),
        "contact": shown.contact_of(account) if account else shown.contact_on_file(person),
        "waiting": [
            (shown.change_line(one), _code_form(one.channel, forms.get("code_form")))
            for one in waiting
            if one.origin == "desk"
        ],
        "contact_form": ContactForm() if way == CHANGE else None,
        "entry_form": EntryForm(auto_id="enter-%s") if way == ENTER else None,
        "own_form": OwnContactForm(auto_id="own-%s") if way == OWN else None,
        "form": next(iter(forms.values()), None),
        **forms,
    }
    return render(request, "console/contact.html", context, status=status)


def _code_form(channel: str, bound: Form | None) -> Form:
    if bound is not None and bound.data.get("channel") == channel:
        return bound
    return ReadBackForm(initial={"channel": channel}, auto_id=f"code-{channel}-%s")


def _account_in_use(person: Patient) -> Account:
    """A new one follows the record by itself. Raises NotFound."""
    account = patients.account_of(person)
    if account is None or account.state not in (Account.State.ACTIVE, Account.State.LOCKED):
        raise NotFound
    return account
