"""Under /staff/surveys/: whom the hospital asks."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.audit.services import record
from klisza.base.errors import NotFound, Refused
from klisza.patients import queries as patients
from klisza.questionnaires import addressees
from klisza.questionnaires.forms import staff_ask as forms
from klisza.questionnaires.presenters import staff_answers as presenters
from klisza.questionnaires.queries import staff as queries
from klisza.questionnaires.services import asking, withdraw

from .staff_define import DEFINE, GET_OR_POST

ASK = ("registration", "clinic", "radiology")
MOST_EARLIER = 20


@require_http_methods(GET_OR_POST)
@staff_required(*ASK)
def ask_one(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponse:
    person = patients.survivor(patients.get(patient_id))
    form = forms.Ask(request.POST if request.method == "POST" else None, offered=queries.in_use())
    if form.is_valid():
        data = form.cleaned_data
        try:
            made = asking.ask_people(
                people=[person], questionnaire=data["questionnaire"], message=data["message"],
                due_at=data["last_day"], by=request.actor,
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
        else:
            if made:
                messages.success(request, _("Asked. The patient gets a mail with a link."))
                return redirect("asked:one", made[0].pk)
            form.add_error("questionnaire", _("The patient has this questionnaire open already."))
    record("patient.viewed", by=request.actor, patient_id=person.pk)
    context = {
        "patient": person, "name": patients.full_name(person), "form": form,
        "rows": presenters.rows(queries.sent(patient=person)[:MOST_EARLIER]),
        "account": patients.account_of(person),
    }  # fmt: skip
    return render(request, "questionnaires/staff/ask_one.html", context, status=400 if form.is_bound else 200)


@require_http_methods(GET_OR_POST)
@staff_required(*ASK)
def ask_list(request: PortalRequest) -> HttpResponse:
    """First the file, which is only looked at; then the very list that was looked at."""
    offered = list(queries.in_use())
    if "text" in request.POST:
        again = forms.AskListAgain(request.POST, offered=offered)
        if again.is_valid():
            return _ask_these(request, again)
    posted = request.method == "POST"
    form = forms.AskList(
        request.POST if posted else None, offered=offered, files=request.FILES if posted else None
    )
    context: dict[str, object] = {"form": form, "columns": ";".join(addressees.COLUMNS)}
    if form.is_valid():
        data = form.cleaned_data
        found = addressees.read(data["file"])
        record("survey.list_checked", by=request.actor, reason=f"{len(found.people)} found")
        context |= {"found": found, "busy": len(queries.busy_with(data["questionnaire"], found.people))}
        if not found.problems:
            again = forms.AskListAgain(
                offered=offered,
                initial={
                    "questionnaire": str(data["questionnaire"].pk), "message": data["message"], "text": data["file"],
                    "last_day": request.POST.get("last_day", ""),
                },
            )  # fmt: skip
            context["again"] = again
    status = 400 if form.is_bound and not form.is_valid() else 200
    return render(request, "questionnaires/staff/ask_list.html", context, status=status)


def _ask_these(request: PortalRequest, form: forms.AskListAgain) -> HttpResponse:
    data = form.cleaned_data
    found = addressees.read(data["text"])
    if found.problems:
        messages.error(request, _("Nobody was asked: the list has errors."))
        return redirect("asked:ask-list")
    try:
        made = asking.ask_people(
            people=found.people, questionnaire=data["questionnaire"], message=data["message"],
            due_at=data["last_day"], by=request.actor,
        )  # fmt: skip
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("asked:ask-list")
    said = ngettext("%(count)d person was asked.", "%(count)d people were asked.", len(made))
    messages.success(request, said % {"count": len(made)})
    return redirect("asked:sent")


@require_http_methods(GET_OR_POST)
@staff_required(*DEFINE)
def rules(request: PortalRequest) -> HttpResponse:
    """By procedure code: whoever gets such an order is asked with it."""
    form = forms.Rule(request.POST if request.method == "POST" else None, offered=queries.in_use())
    if form.is_valid():
        try:
            asking.set_rule(by=request.actor, **form.cleaned_data)
        except Refused as refusal:
            form.add_error("procedure_code", refusal.sentence)
        else:
            messages.success(request, _("Saved. Orders that come from now on are followed."))
            return redirect("asked:rules")
    context = {"form": form, "rows": queries.rules()}
    return render(request, "questionnaires/staff/rules.html", context, status=400 if form.is_bound else 200)


@require_POST
@staff_required(*DEFINE)
def rule_delete(request: PortalRequest, rule_id: uuid.UUID) -> HttpResponse:
    asking.delete_rule(rule_id=rule_id, by=request.actor)
    messages.success(request, _("Deleted."))
    return redirect("asked:rules")


@require_POST
@staff_required(*ASK)
def take_back(request: PortalRequest, request_id: uuid.UUID) -> HttpResponse:
    found = queries.request(request_id)
    form = forms.Withdraw(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please say why: the patient reads it."))
        return redirect("asked:one", found.pk)
    try:
        withdraw(request=found, reason=form.cleaned_data["reason"], by=request.actor)
    except NotFound:
        raise
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, _("Withdrawn."))
    return redirect("asked:one", found.pk)
