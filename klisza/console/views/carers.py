"""The desk with a document in the hand: carers, a person's own contact, another e-mail or number (N11, N17)."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.models import Account
from klisza.accounts.services import contact
from klisza.audit.services import record
from klisza.base.errors import NotFound, Refused
from klisza.console.forms.carers import CarerForm, ContactForm, OwnContactForm, ReadBackForm
from klisza.console.presenters import carers as shown
from klisza.console.queries import work as queries
from klisza.patients import queries as patients
from klisza.patients import services
from klisza.patients.models import GuardianProposal, Patient

GET_OR_POST = ["GET", "HEAD", "POST"]


@require_http_methods(GET_OR_POST)
@staff_required("registration")
def carers(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Who may see this patient's examinations; POST lets one more in."""
    person = _person(patient_id)
    if request.method != "POST":
        return _carers_page(request, person)
    form = CarerForm(request.POST)
    if not form.is_valid():
        return _carers_page(request, person, 400, carer_form=form)
    data = form.cleaned_data
    try:
        services.give_at_desk(
            patient=person,
            document=form.noted,
            proposal=_proposal(person, data["proposal"]),
            by=request.actor,
            **{name: data[name] for name in (
                "kind", "carer_name", "user_name", "email", "mobile", "scope", "last_day",
            )},
        )  # fmt: skip
    except NotFound:
        raise
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _carers_page(request, person, 400, carer_form=form)
    messages.success(request, _("The carer is entered and may see the examinations from now on."))
    return redirect("console:carers", person.pk)


@require_POST
@staff_required("registration")
def end(request: PortalRequest, patient_id: uuid.UUID, grant_id: uuid.UUID) -> HttpResponse:
    person = _person(patient_id)
    grant = patients.grant_on(person, grant_id)
    if grant is None:
        raise NotFound
    services.end_grant(grant=grant, reason="desk", by=request.actor)
    messages.success(request, _("Ended at once."))
    return redirect("console:carers", person.pk)


@require_POST
@staff_required("registration")
def own_contact(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The person is old enough, shows the own document and gives the own addresses."""
    person = _person(patient_id)
    form = OwnContactForm(request.POST, auto_id="own-%s")
    if not form.is_valid():
        return _carers_page(request, person, 400, own_form=form)
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
        return _carers_page(request, person, 400, own_form=form)
    messages.success(request, _("Entered. A temporary password is on its way to this e-mail address."))
    return redirect("console:carers", person.pk)


def _carers_page(request: PortalRequest, person: Patient, status: int = 200, **forms: Form) -> HttpResponse:
    record("patient.viewed", by=request.actor, patient_id=person.pk)
    proposals = queries.guardians_of(person)
    context = {
        "patient": person,
        "name": patients.full_name(person),
        "rows": [shown.carer_line(grant) for grant in patients.grants_on(person)],
        "proposals": [shown.proposal_line(one) for one in proposals],
        "carer_form": CarerForm(initial=_first_values(person, request.GET.get("proposal", ""), proposals)),
        "own_form": OwnContactForm(auto_id="own-%s") if shown.may_have_own_account(person) else None,
        "form": next(iter(forms.values()), None),
        **forms,
    }
    return render(request, "console/carers.html", context, status=status)


def _first_values(person: Patient, wanted: str, proposals: list[GuardianProposal]) -> dict[str, object]:
    """What NK1 named, to be compared with the document."""
    minor = {"kind": "guardian"} if shown.is_minor(person) else {"kind": "authorised"}
    for one in proposals:
        if str(one.pk) == wanted:
            name = f"{one.given_name} {one.family_name}".strip()
            return {**minor, "carer_name": name, "email": one.email, "mobile": one.mobile, "proposal": one.pk}
    return {**minor, "scope": "all"}


def _proposal(person: Patient, proposal_id: uuid.UUID | None) -> GuardianProposal | None:
    """Raises NotFound for another patient's, and for one that is decided."""
    if proposal_id is None:
        return None
    found = next((one for one in queries.guardians_of(person) if one.pk == proposal_id), None)
    if found is None:
        raise NotFound
    return found


@require_http_methods(GET_OR_POST)
@staff_required("registration")
def change_contact(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """A code goes to the new number or address; the patient reads it out at the desk."""
    person = _person(patient_id)
    account = _account(person)
    if request.method != "POST":
        return _contact_page(request, person, account)
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _contact_page(request, person, account, 400, contact_form=form)
    try:
        contact.ask(
            account=account,
            channel=form.cleaned_data["channel"],
            address=form.cleaned_data["address"],
            origin="desk",
            document=form.noted,
            by=request.actor,
        )
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _contact_page(request, person, account, 400, contact_form=form)
    messages.success(request, _("The code is on its way. Ask the patient to read it out."))
    return redirect("console:contact", person.pk)


@require_POST
@staff_required("registration")
def read_back(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    person = _person(patient_id)
    account = _account(person)
    form = ReadBackForm(request.POST, auto_id="code-%s")
    if not form.is_valid():
        return _contact_page(request, person, account, 400, code_form=form)
    wish = contact.open_change(account, form.cleaned_data["channel"])
    if wish is None or wish.origin != "desk":
        raise NotFound
    try:
        contact.confirm(change=wish, typed=form.cleaned_data["code"], by=request.actor)
    except Refused as refusal:
        form.add_error("code", refusal.sentence)
        return _contact_page(request, person, account, 400, code_form=form)
    messages.success(request, _("Changed. The old address has been told."))
    return redirect("console:patient", person.pk)


def _contact_page(
    request: PortalRequest, person: Patient, account: Account, status: int = 200, **forms: Form
) -> HttpResponse:
    record("patient.viewed", by=request.actor, patient_id=person.pk)
    waiting = [one for one in contact.open_changes(account) if one.origin == "desk"]
    context = {
        "patient": person,
        "name": patients.full_name(person),
        "contact": shown.contact_of(account),
        "waiting": [
            (shown.change_line(one), _code_form(one.channel, forms.get("code_form"))) for one in waiting
        ],
        "contact_form": ContactForm(),
        "form": next(iter(forms.values()), None),
        **forms,
    }
    return render(request, "console/contact.html", context, status=status)


def _code_form(channel: str, bound: Form | None) -> Form:
    if bound is not None and bound.data.get("channel") == channel:
        return bound
    return ReadBackForm(initial={"channel": channel}, auto_id=f"code-{channel}-%s")


def _person(patient_id: uuid.UUID) -> Patient:
    return patients.survivor(patients.get(patient_id))


def _account(person: Patient) -> Account:
    """The one that is in use; a new one follows the record by itself. Raises NotFound."""
    account = patients.account_of(person)
    if account is None or account.state not in (Account.State.ACTIVE, Account.State.LOCKED):
        raise NotFound
    return account
