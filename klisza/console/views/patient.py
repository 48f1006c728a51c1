"""One patient: the person, the accounts, and what the desk may do about them."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from klisza.accounts import services as accounts
from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.models import Account
from klisza.audit.services import record
from klisza.base.errors import NotFound, Refused
from klisza.console import queries
from klisza.console import services as decisions
from klisza.console.forms.find import IdentityForm
from klisza.console.forms.work import ReasonForm
from klisza.console.presenters import accounts as cards
from klisza.console.presenters import desk, words
from klisza.console.queries import desk as standing
from klisza.console.readers import DESK, may_read
from klisza.examinations import queries as examinations
from klisza.examinations import wording
from klisza.examinations.services import note_list
from klisza.patients import queries as patients
from klisza.patients import services
from klisza.patients.models import Patient

# Why there is no account: where only the hospital's policy waits, and where no address would help.
POLICY = {"invitation", "examination"}
HOPELESS = {"died", "restricted", "put_aside", "too_young", "no_name"}


@require_safe
@staff_required(*DESK)
def patient(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    return patient_page(request, patient_id)


def patient_page(
    request: PortalRequest, patient_id: uuid.UUID, status: int = 200, **forms: Form
) -> HttpResponse:
    """forms: those that came back with a fault, by their name in the template."""
    unmerge = forms.get("unmerge_form")
    person = patients.survivor(patients.get(patient_id))
    may_release = may_read(request, "clinic")
    judged = standing.judged_examinations(person)
    seen = [desk.seen(row, door, with_title=may_release) for row, door in judged]
    by_id = {account.pk: account for account in patients.accounts_of(person)}
    speaker = patients.account_of(person)
    record("patient.viewed", by=request.actor, patient_id=person.pk)
    context = {
        "patient": person,
        "name": patients.full_name(person),
        "identifiers": queries.identifiers_of(person),
        "restricted": words.word(words.RESTRICTED, person.restricted_reason),
        "cards": [cards.account_card(account, speaks=account == speaker) for account in by_id.values()],
        # What an account lacks stands where the account would be.
        "tasks": [
            words.word(words.TASKS, task.kind)
            for task in queries.tasks_of(person)
            if by_id or task.kind not in words.NO_ACCOUNT
        ],
        "undelivered": [
            cards.undelivered(message, by_id[message.account_id])
            for message in queries.undelivered(by_id)
            if message.account_id
        ],
        "merged": [
            (other, unmerge if unmerge and other.pk == patient_id else _unmerge_form(other))
            for other in queries.merged_into(person)
        ],
        "journal": [(row, words.word(words.MERGES, row.kind)) for row in queries.journal_of(person)],
        "may_enter": may_read(request, "registration"),
        "may_release": may_release,
        "seen": seen,
        "verdict": desk.verdict(speaker, seen),
        "waiting": desk.waiting_lines(person, standing.waiting_for(person)),
        **({} if by_id else _without_account(person)),
        "unlock_form": IdentityForm(auto_id="unlock-%s"),
        "lift_form": ReasonForm(auto_id="lift-%s"),
        "look_form": ReasonForm(auto_id="look-%s"),
        "form": next(iter(forms.values()), None),
        **forms,
    }
    return render(request, "console/patient.html", context, status=status)


@require_POST
@staff_required(*DESK)
def unlock(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Support has made sure who is calling; how, stands in the audit."""
    form = IdentityForm(request.POST, auto_id="unlock-%s")
    if not form.is_valid():
        return patient_page(request, patient_id, status=400, unlock_form=form)
    account = _account(patient_id, lambda account: account.is_locked)
    try:
        accounts.unlock(account=account, reason=form.cleaned_data["reason"], by=request.actor)
    except Refused as refusal:  # of age now: the addresses are a former guardian's
        form.add_error(None, refusal.sentence)
        return patient_page(request, patient_id, status=400, unlock_form=form)
    messages.success(request, _("The account is unlocked. The patient has been told by e-mail."))
    return redirect("console:patient", patient_id)


@require_POST
@staff_required(*DESK)
def reissue(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    account = _account(patient_id, lambda account: account.state == Account.State.NEW)
    accounts.reissue(account=account, by=request.actor)
    messages.success(request, _("A new temporary password is on its way to the patient's e-mail address."))
    return redirect("console:patient", patient_id)


@require_POST
@staff_required("registration")
def create(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The person stands at the desk and asks for it: nobody waits for the first examination or an invitation."""
    person = patients.survivor(patients.get(patient_id))
    if services.provide_account(patient=person, by=request.actor, invited=True) is None:
        messages.error(request, _("There is something in the way of an account; see below."))
    else:
        messages.success(request, _("The account is made. The temporary password is on its way by e-mail."))
    return redirect("console:patient", person.pk)


@require_POST
@staff_required(*DESK)
def send_link(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """As if the patient had pressed "forgotten password": the same mail, within the same limits (M8.2)."""
    account = _account(patient_id, lambda account: account.state == Account.State.ACTIVE)
    try:
        accounts.ask_for_reset(user_name=account.user_name, source=_desk_of(request), by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(
            request, _("A link for a new password is on its way to the patient's e-mail address.")
        )
    return redirect("console:patient", patient_id)


@require_POST
@staff_required(*DESK)
def send_again(request: PortalRequest, patient_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    person = patients.survivor(patients.get(patient_id))
    decisions.send_again(patient=person, message_id=message_id, by=request.actor)
    messages.success(request, _("The message is on its way once more."))
    return redirect("console:patient", person.pk)


@require_POST
@staff_required("registration")
def unmerge(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """`patient_id` is the record that was merged into another one."""
    other = patients.get(patient_id)
    form = _unmerge_form(other, request.POST)
    if not form.is_valid():
        return patient_page(request, patient_id, status=400, unmerge_form=form)
    survivor = patients.survivor(other)
    services.undo_merge(other=other, reason=form.cleaned_data["reason"], by=request.actor)
    messages.success(
        request, _("The records are separate again, each with its own examinations and account.")
    )
    return redirect("console:patient", survivor.pk)


@require_POST
@staff_required("registration")
def lift(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    form = ReasonForm(request.POST, auto_id="lift-%s")
    if not form.is_valid():
        return patient_page(request, patient_id, status=400, lift_form=form)
    person = patients.survivor(patients.get(patient_id))
    services.lift_restriction(patient=person, reason=form.cleaned_data["reason"], by=request.actor)
    messages.success(request, _("Lifted: the patient sees the own data again."))
    return redirect("console:patient", person.pk)


@require_POST
@staff_required(*DESK)
def as_patient(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The list as the patient sees it now; the reason stands in the patient's own log (R14)."""
    form = ReasonForm(request.POST, auto_id="look-%s")
    if not form.is_valid():
        return patient_page(request, patient_id, status=400, look_form=form)
    person = patients.survivor(patients.get(patient_id))
    viewer = patients.viewer_for_staff(person, request.actor, reason=form.cleaned_data["reason"])
    note_list(viewer)
    seen = examinations.visible(viewer, purpose="list").order_by("-performed_at")[: queries.MOST_ROWS]
    context = {
        "patient": person,
        "name": patients.full_name(person),
        "rows": [wording.card(examination) for examination in seen],
    }
    return render(request, "console/as_patient.html", context)


def _without_account(person: Patient) -> dict[str, object]:
    """Why there is none, and what the desk can do about it."""
    reasons = services.why_no_account(patient=person, visible=standing.has_something_to_see(person))
    return {
        "no_account": desk.why_no_account(reasons),
        "can_create": set(reasons) <= POLICY,
        "can_enter": not set(reasons) & HOPELESS,
    }


def _desk_of(request: PortalRequest) -> str:
    """Its wishes are counted for each of the staff, apart from those of the network."""
    return f"staff {request.actor.id}"


def _unmerge_form(other: Patient, data: QueryDict | None = None) -> ReasonForm:
    return ReasonForm(data, auto_id=f"unmerge-{other.pk}-%s")


def _account(patient_id: uuid.UUID, wanted: Callable[[Account], bool]) -> Account:
    """The account of this person that is so. Raises NotFound."""
    for account in patients.accounts_of(patients.survivor(patients.get(patient_id))):
        if wanted(account):
            return account
    raise NotFound
