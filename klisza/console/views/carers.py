"""The desk with a document in the hand: who may see this patient's examinations beside the patient (N11)."""

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
from klisza.audit.services import record
from klisza.base.errors import NotFound, Refused
from klisza.console.forms.carers import CarerForm
from klisza.console.presenters import carers as shown
from klisza.console.queries import work as queries
from klisza.examinations.services import carers as examinations
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
    form = CarerForm(request.POST, examinations=shown.examination_choices(person))
    if not form.is_valid():
        return _carers_page(request, person, 400, carer_form=form)
    data = form.cleaned_data
    try:
        examinations.give_at_desk(
            patient=person,
            document=form.noted,
            proposal=_proposal(person, data["proposal"]),
            chosen=data.get("chosen", ()),
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


def _carers_page(request: PortalRequest, person: Patient, status: int = 200, **forms: Form) -> HttpResponse:
    record("patient.viewed", by=request.actor, patient_id=person.pk)
    proposals = queries.guardians_of(person)
    context = {
        "patient": person,
        "name": patients.full_name(person),
        "rows": [shown.carer_line(grant) for grant in patients.grants_on(person)],
        "proposals": [shown.proposal_line(one) for one in proposals],
        "carer_form": CarerForm(
            initial=_first_values(person, request.GET.get("proposal", ""), proposals),
            examinations=shown.examination_choices(person),
        ),
        "may_have_own_account": shown.may_have_own_account(person),
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


def _person(patient_id: uuid.UUID) -> Patient:
    return patients.survivor(patients.get(patient_id))
