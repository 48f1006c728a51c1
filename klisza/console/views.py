"""Pages of the registration desk, support and integration; on the staff listener only."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts import services as accounts
from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.models import Account
from klisza.audit.services import record
from klisza.base import sealing
from klisza.base.errors import NotFound
from klisza.patients import queries as patients
from klisza.patients.models import Patient

from . import presenters, queries
from .forms import FindForm, UnlockForm

DESK = ("registration", "clinic")
# Who reads which list; `admin` reads all.
READERS = {
    "tasks": DESK,
    "messages": (*DESK, "integration"),
    "studies": ("radiology", "integration", "registration"),
    "objects": ("radiology", "integration", "registration"),
    "associations": ("integration", "radiology"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@staff_required()
def home(request: PortalRequest) -> HttpResponse:
    """The search is a POST: names and numbers stay out of addresses and logs."""
    may_search = bool(request.roles & {*DESK, "admin"})
    counts = {
        name: queries.count(name) for name, roles in READERS.items() if request.roles & {*roles, "admin"}
    }
    form = FindForm(request.POST if request.method == "POST" and may_search else None)
    found: list[Patient] | None = None
    if form.is_bound and form.is_valid():
        found = _find(request, form.cleaned_data)
    pages = presenters.page_links(counts)
    context = {"form": form, "found": found, "pages": pages, "may_search": may_search}
    return render(request, "console/home.html", context)


def _find(request: PortalRequest, wanted: dict[str, Any]) -> list[Patient]:
    """The log keeps a digest: whether two searches were the same can be told, whom they meant cannot."""
    text = "\n".join(str(wanted[name] or "").strip().casefold() for name in sorted(wanted))
    found = queries.find(**wanted)
    summary = f"{sealing.digest(text, purpose='staff search')[:16]}, {len(found)} found"
    record("staff.searched", by=request.actor, reason=summary)
    return found


@require_safe
@staff_required(*DESK)
def patient(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    return _patient_page(request, patient_id, UnlockForm())


def _patient_page(
    request: PortalRequest, patient_id: uuid.UUID, form: UnlockForm, status: int = 200
) -> HttpResponse:
    person = patients.survivor(patients.get(patient_id))
    record("patient.viewed", by=request.actor, patient_id=person.pk)
    context = {
        "patient": person,
        "name": patients.full_name(person),
        "identifiers": queries.identifiers_of(person),
        "cards": [presenters.account_card(account) for account in patients.accounts_of(person)],
        "tasks": [presenters.word(presenters.TASKS, task.kind) for task in queries.tasks_of(person)],
        "form": form,
    }
    return render(request, "console/patient.html", context, status=status)


@require_POST
@staff_required(*DESK)
def unlock(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Support has made sure who is calling; how, stands in the audit."""
    form = UnlockForm(request.POST)
    if not form.is_valid():
        return _patient_page(request, patient_id, form, status=400)
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


@require_safe
@staff_required(*READERS["studies"])
def studies(request: PortalRequest) -> HttpResponse:
    record("staff.unmatched_viewed", by=request.actor)
    rows = [(intake, presenters.word(presenters.REASONS, intake.reason)) for intake in queries.unmatched()]
    return render(request, "console/studies.html", {"rows": rows})


@require_safe
@staff_required(*READERS["objects"])
def objects(request: PortalRequest) -> HttpResponse:
    rows = [(row, presenters.word(presenters.KINDS, row.kind)) for row in queries.quarantined()]
    return render(request, "console/objects.html", {"rows": rows})


@require_safe
@staff_required(*READERS["associations"])
def associations(request: PortalRequest) -> HttpResponse:
    return render(request, "console/associations.html", {"rows": queries.refused_associations()})


@require_safe
@staff_required(*READERS["tasks"])
def tasks(request: PortalRequest) -> HttpResponse:
    record("staff.tasks_viewed", by=request.actor)
    rows = [
        (task, patients.full_name(task.patient), presenters.word(presenters.TASKS, task.kind))
        for task in queries.open_tasks()
    ]
    return render(request, "console/tasks.html", {"rows": rows})


@require_safe
@staff_required(*READERS["messages"])
def messages_failed(request: PortalRequest) -> HttpResponse:
    rows = [
        (
            row,
            presenters.word(presenters.MESSAGES, row.kind),
            presenters.word(presenters.CHANNELS, row.channel),
        )
        for row in queries.failed_messages()
    ]
    return render(request, "console/messages.html", {"rows": rows})
