"""One patient: the person, the accounts, and what the desk may do about them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from klisza.accounts import services as accounts
from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.models import Account
from klisza.audit.services import record
from klisza.base.errors import NotFound
from klisza.console import queries
from klisza.console.forms.find import UnlockForm
from klisza.console.presenters import accounts as cards
from klisza.console.presenters import words
from klisza.console.readers import DESK
from klisza.patients import queries as patients


@require_safe
@staff_required(*DESK)
def patient(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    return patient_page(request, patient_id, UnlockForm())


def patient_page(
    request: PortalRequest, patient_id: uuid.UUID, form: UnlockForm, status: int = 200
) -> HttpResponse:
    person = patients.survivor(patients.get(patient_id))
    record("patient.viewed", by=request.actor, patient_id=person.pk)
    context = {
        "patient": person,
        "name": patients.full_name(person),
        "identifiers": queries.identifiers_of(person),
        "cards": [cards.account_card(account) for account in patients.accounts_of(person)],
        "tasks": [words.word(words.TASKS, task.kind) for task in queries.tasks_of(person)],
        "form": form,
    }
    return render(request, "console/patient.html", context, status=status)


@require_POST
@staff_required(*DESK)
def unlock(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Support has made sure who is calling; how, stands in the audit."""
    form = UnlockForm(request.POST)
    if not form.is_valid():
        return patient_page(request, patient_id, form, status=400)
    account = _account(patient_id, Account.State.LOCKED)
    accounts.unlock(account=account, reason=form.cleaned_data["reason"], by=request.actor)
    messages.success(request, _("The account is unlocked. The patient has been told by e-mail."))
    return redirect("console:patient", patient_id)


@require_POST
@staff_required(*DESK)
def reissue(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    account = _account(patient_id, Account.State.NEW)
    accounts.reissue(account=account, by=request.actor)
    messages.success(request, _("A new temporary password is on its way to the patient's e-mail address."))
    return redirect("console:patient", patient_id)


def _account(patient_id: uuid.UUID, state: Account.State) -> Account:
    """The account of this person that is in this state. Raises NotFound."""
    for account in patients.accounts_of(patients.survivor(patients.get(patient_id))):
        if account.state == state:
            return account
    raise NotFound
