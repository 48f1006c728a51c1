"""Images that the portal keeps and shows to nobody, until staff say whose they are."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.archive.models import Study
from klisza.audit.services import record
from klisza.console import services
from klisza.console.forms.find import FindForm
from klisza.console.forms.images import NOBODY, AssignForm, DisagreementForm, RejectForm, RestoreForm
from klisza.console.presenters import images as shown
from klisza.console.queries import images as queries
from klisza.console.queries import release
from klisza.console.readers import ASSIGN, RULE, may_read, reader
from klisza.examinations.services import assigning
from klisza.patients import queries as patients

from .home import find_recorded


@require_safe
@reader["studies"]
def studies(request: PortalRequest) -> HttpResponse:
    record("staff.unmatched_viewed", by=request.actor)
    context = {
        "rows": [shown.unmatched(intake) for intake in queries.unmatched()],
        "hidden": [shown.hidden(study) for study in queries.hidden()],
    }
    return render(request, "console/studies.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@staff_required(*ASSIGN)
def study(request: PortalRequest, study_id: uuid.UUID) -> HttpResponse:
    """What the images say, next to patients whose they may be. The search is a POST: no names in addresses."""
    row = queries.study(study_id)
    form = FindForm(request.POST if request.method == "POST" else None)
    found = find_recorded(request, form) if form.is_bound and form.is_valid() else []
    return _page(request, row, form, queries.candidates(row, found))


def _page(
    request: PortalRequest,
    row: Study,
    form: FindForm,
    candidates: list[queries.Candidate],
    status: int = 200,
    **forms: Form,
) -> HttpResponse:
    """forms: the one that came back with a fault, by its name in the template."""
    record("staff.study_viewed", by=request.actor, objects=[row])
    may_rule = may_read(request, *RULE)
    disagreement = _disagreement_form(row) if may_rule and row.hidden_reason == "mixed" else None
    context = {
        "study": shown.study(row, queries.intake_of(row)),
        "series": queries.series_of(row),
        "resent": [shown.who(one) for one in queries.resent_of(row)],
        "corrections": [shown.correction(one) for one in queries.corrections_of(row)],
        "decision": queries.decision_of(row),
        "candidates": [shown.candidate(row, one) for one in candidates],
        "notes": [_note(one) for one in queries.notes_on(row)],
        "may_rule": may_rule,
        "find_form": form,
        "reject_form": RejectForm(may_rule=may_rule),
        "disagreement_form": disagreement,
        "form": next(iter(forms.values()), form),
        **forms,
    }
    return render(request, "console/study.html", context, status=status)


@require_POST
@staff_required(*ASSIGN)
def assign(request: PortalRequest, study_id: uuid.UUID) -> HttpResponse:
    """To a patient, or to one of the patient's examinations; with another birth date only for a reason."""
    row, form = queries.study(study_id), AssignForm(request.POST)
    if form.is_valid():
        person = patients.survivor(patients.get(form.cleaned_data["patient"]))
        chosen = form.cleaned_data["examination"]
        reason = form.cleaned_data["reason"]
        if reason or not shown.contradicts(row, person):
            assigning.assign_study(
                study=row,
                patient=None if chosen else person,
                examination=release.examination(chosen) if chosen else None,
                reason=reason or shown.DEFAULT_REASON,
                by=request.actor,
            )
            messages.success(request, _("The images are assigned."))
            return redirect("console:studies")
    messages.warning(
        request, _("The date of birth differs: write down why these are the images of this patient.")
    )
    return redirect("console:study", row.pk)


@require_POST
@staff_required(*ASSIGN)
def reject(request: PortalRequest, study_id: uuid.UUID) -> HttpResponse:
    row, form = queries.study(study_id), RejectForm(request.POST, may_rule=may_read(request, *RULE))
    if not form.is_valid():
        return _page(request, row, FindForm(), queries.candidates(row), 400, reject_form=form)
    why, reason = form.cleaned_data.get("why", NOBODY), form.cleaned_data["reason"]
    if why == NOBODY:
        assigning.reject_study(study=row, reason=reason, by=request.actor)
    else:
        services.take_back(study=row, why=why, reason=reason, by=request.actor)
    messages.success(request, _("The images are rejected. They are kept and shown to nobody."))
    return redirect("console:studies")


@require_POST
@staff_required(*ASSIGN)
def unassign(request: PortalRequest, study_id: uuid.UUID) -> HttpResponse:
    row = queries.study(study_id)
    assigning.unassign(study=row, by=request.actor)
    messages.success(request, _("The decision is taken back: the images are matched by themselves again."))
    return redirect("console:study", row.pk)


@require_POST
@staff_required(*RULE)
def restore(request: PortalRequest, study_id: uuid.UUID) -> HttpResponse:
    """A rejection by the department or by staff was wrong."""
    row, form = queries.study(study_id), RestoreForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Write down the reason."))
        return redirect("console:study", row.pk)
    services.show_again(study=row, by=request.actor, **form.cleaned_data)
    messages.success(request, _("The rejection is taken back. What nothing else hides is shown again."))
    return redirect("console:study", row.pk)


@require_POST
@staff_required(*RULE)
def settle(request: PortalRequest, study_id: uuid.UUID) -> HttpResponse:
    """The images name two patients and no further one will come to end it."""
    row = queries.study(study_id)
    form = _disagreement_form(row, request.POST)
    if not form.is_valid():
        return _page(request, row, FindForm(), queries.candidates(row), 400, disagreement_form=form)
    services.settle_disagreement(
        study=row,
        accept=form.cleaned_data["patient"] == shown.NEW,
        reason=form.cleaned_data["reason"],
        by=request.actor,
    )
    messages.success(request, _("Decided. Images that name the other patient stay hidden."))
    return redirect("console:study", row.pk)


def _disagreement_form(row: Study, data: QueryDict | None = None) -> DisagreementForm:
    return DisagreementForm(data, patients=shown.sides(row, queries.resent_of(row)))


def _note(one: queries.Note) -> tuple[shown.Rejection, RestoreForm]:
    return shown.rejection(one), RestoreForm(initial={"note": one.uid}, auto_id=f"restore-{one.uid}-%s")
