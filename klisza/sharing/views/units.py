"""Under /staff/shares/: what patients share with units of the hospital, the units, and slips of the desk."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import NotFound, Refused
from klisza.examinations import delivery
from klisza.examinations import queries as examinations
from klisza.examinations.services import note_list, note_opened
from klisza.patients import queries as patients
from klisza.sharing import choices, forms, presenters, queries, services
from klisza.sharing.members import Member, member_required

from .slip import pdf_of

GET_OR_POST = ["GET", "HEAD", "POST"]
ADMIN = "admin"
DESK = ("registration", "clinic")


@require_safe
@staff_required()
def unit_list(request: PortalRequest) -> HttpResponse:
    assert request.account is not None  # noqa: S101 - tells the type checker
    context = {
        "units": queries.units_of(request.account),
        "rows": presenters.unit_rows(queries.shares_with(request.account)),
        "is_admin": ADMIN in request.roles,
    }
    return render(request, "sharing/staff/list.html", context)


@require_safe
@member_required
def unit_screen(request: Member) -> HttpResponseBase:
    shown = list(examinations.visible(request.viewer, purpose="detail").order_by("-performed_at", "id"))
    for examination in shown:
        reports = [one.version for one in examinations.shown_reports(examination)]
        note_opened(request.viewer, examination, reports)
    context = {
        "share": request.share,
        "screen": presenters.screen(request.share, request.viewer, shown, prefix="units"),
    }
    return render(request, "sharing/staff/screen.html", context)


@require_safe
@member_required
def unit_report_page(
    request: Member, examination_id: uuid.UUID, version_id: uuid.UUID, number: int, file: int = 1
) -> HttpResponseBase:
    return delivery.page_of_report(request.viewer, examination_id, version_id, number=number, file=file)


@require_safe
@member_required
def unit_report_file(
    request: Member, examination_id: uuid.UUID, version_id: uuid.UUID, file: int = 1
) -> HttpResponseBase:
    return delivery.file_of_report(request, request.viewer, examination_id, version_id, file=file)


@require_http_methods(GET_OR_POST)
@staff_required(ADMIN)
def units(request: PortalRequest) -> HttpResponse:
    """Which units there are; a new one."""
    form = forms.NewUnit(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            unit = services.make_unit(name=form.cleaned_data["name"], by=request.actor)
        except Refused as refusal:
            form.add_error("name", refusal.sentence)
        else:
            return redirect("units:unit", unit.pk)
    context = {"form": form, "units": queries.all_units()}
    return render(request, "sharing/staff/units.html", context, status=400 if form.is_bound else 200)


@require_http_methods(GET_OR_POST)
@staff_required(ADMIN)
def unit(request: PortalRequest, unit_id: uuid.UUID) -> HttpResponse:
    """Who belongs to it."""
    found = queries.unit(unit_id)
    now = "\n".join(queries.member_names(found))
    form = forms.Members(request.POST if request.method == "POST" else None, initial={"user_names": now})
    if form.is_valid():
        names = form.cleaned_data["user_names"].split()
        try:
            services.set_members(unit=found, user_names=names, by=request.actor)
        except Refused as refusal:
            form.add_error("user_names", refusal.sentence)
        else:
            messages.success(request, _("Saved."))
            return redirect("units:unit", found.pk)
    context = {"unit": found, "form": form}
    return render(request, "sharing/staff/unit.html", context, status=400 if form.is_bound else 200)


@require_POST
@staff_required(ADMIN)
def unit_close(request: PortalRequest, unit_id: uuid.UUID) -> HttpResponse:
    services.close_unit(unit=queries.unit(unit_id), by=request.actor)
    return redirect("units:units")


@require_http_methods(GET_OR_POST)
@staff_required(*DESK)
def staff_slip(request: PortalRequest, patient_id: uuid.UUID) -> HttpResponseBase:
    """For a patient at the desk who has no e-mail: the same slip; the reason stands in the patient's log."""
    person = patients.survivor(patients.get(patient_id))
    looking = patients.viewer_for_staff(person, request.actor, reason="slip")
    newest = list(
        examinations.visible(looking, purpose="list").order_by("-performed_at", "-id")[: choices.MOST_OFFERED]
    )
    name = patients.full_name(person)
    if not newest:
        note_list(looking)
        return render(request, "sharing/staff/slip.html", {"patient": person, "name": name})
    form = forms.StaffSlip(
        request.POST if request.method == "POST" else None, examinations=choices.rows(newest)
    )
    if form.is_valid():
        viewer = patients.viewer_for_staff(person, request.actor, reason=form.cleaned_data["reason"])
        chosen = next((one for one in newest if one.pk in form.cleaned_data["examinations"]), None)
        if chosen is None:
            raise NotFound
        try:
            return pdf_of(viewer, choices.wish(form, chosen), person.language or settings.LANGUAGE_CODE)
        except NotFound:
            raise
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
    note_list(looking)
    context = {"patient": person, "name": name, "form": form}
    return render(request, "sharing/staff/slip.html", context, status=400 if form.is_bound else 200)
