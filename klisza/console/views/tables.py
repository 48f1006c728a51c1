"""Names of procedures and ordering clinics, as patients read them; one at a time or as a CSV file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.forms import Form, ModelForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from klisza.accounts.middleware import PortalRequest
from klisza.console.forms.tables import CsvForm, CsvTextForm, FindNameForm, ProcedureForm, WardForm
from klisza.console.queries import tables as queries
from klisza.console.readers import reader
from klisza.examinations.services import procedures as services


@require_http_methods(["GET", "HEAD", "POST"])
@reader["procedures"]
def procedures(request: PortalRequest) -> HttpResponse:
    form = FindNameForm(request.POST if request.method == "POST" else None)
    text = form.cleaned_data["text"] if form.is_bound and form.is_valid() else ""
    context = {"rows": queries.procedures(text), "form": form, "csv_form": CsvForm(auto_id="csv-%s")}
    return render(request, "console/procedures.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@reader["procedures"]
def procedure(request: PortalRequest, pk: int = 0) -> HttpResponse:
    known = queries.procedure(pk) if pk else None
    form = ProcedureForm(request.POST if request.method == "POST" else None, instance=known)
    return _one(request, form, PROCEDURES, is_new=known is None)


@require_POST
@reader["procedures"]
def procedure_delete(request: PortalRequest, pk: int) -> HttpResponse:
    services.delete_procedure_name(code=queries.procedure(pk).code, by=request.actor)
    messages.success(request, _("Deleted."))
    return redirect("console:procedures")


@require_POST
@reader["procedures"]
def procedure_import(request: PortalRequest) -> HttpResponse:
    return _import(request, PROCEDURES)


@require_http_methods(["GET", "HEAD"])
@reader["wards"]
def wards(request: PortalRequest) -> HttpResponse:
    context = {"rows": queries.wards(), "csv_form": CsvForm(auto_id="csv-%s")}
    return render(request, "console/wards.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@reader["wards"]
def ward(request: PortalRequest, pk: int = 0) -> HttpResponse:
    known = queries.ward(pk) if pk else None
    form = WardForm(request.POST if request.method == "POST" else None, instance=known)
    return _one(request, form, WARDS, is_new=known is None)


@require_POST
@reader["wards"]
def ward_delete(request: PortalRequest, pk: int) -> HttpResponse:
    services.delete_ward(code=queries.ward(pk).code, by=request.actor)
    messages.success(request, _("Deleted."))
    return redirect("console:wards")


@require_POST
@reader["wards"]
def ward_import(request: PortalRequest) -> HttpResponse:
    return _import(request, WARDS)


@dataclass(frozen=True)
class Table:
    address: str
    title: str | Promise
    save: Callable[..., object]
    take: Callable[..., services.ImportOutcome]


PROCEDURES = Table(
    "console:procedures",
    gettext_lazy("Names of examinations"),
    services.save_procedure_name,
    services.import_procedure_names,
)
WARDS = Table("console:wards", gettext_lazy("Wards and clinics"), services.save_ward, services.import_wards)


def _one(request: PortalRequest, form: ModelForm, table: Table, *, is_new: bool) -> HttpResponse:
    """The code is the name by which messages mean the row: it is given once."""
    if not is_new:
        form.fields["code"].disabled = True
    if form.is_bound and form.is_valid():
        table.save(values=form.cleaned_data, by=request.actor)
        messages.success(request, _("Saved. Examinations follow within some minutes."))
        return redirect(table.address)
    context = {"form": form, "table": table, "row": None if is_new else form.instance}
    return render(request, "console/table_row.html", context, status=400 if form.is_bound else 200)


def _import(request: PortalRequest, table: Table) -> HttpResponse:
    """First the file, which is only looked at; then the very text that was looked at."""
    again = CsvTextForm(request.POST) if "text" in request.POST else None
    if again is not None and again.is_valid():
        outcome = table.take(again.cleaned_data["text"], request.actor)
        if not outcome.errors:
            messages.success(
                request,
                _("Imported: %(new)d new, %(changed)d changed.")
                % {"new": outcome.created, "changed": outcome.changed},
            )
            return redirect(table.address)
    form: Form = CsvForm(request.POST, request.FILES, auto_id="csv-%s")
    context: dict[str, object] = {"table": table, "form": form}
    if form.is_valid():
        text = form.cleaned_data["file"]
        context["outcome"] = table.take(text, request.actor, dry_run=True)
        context["text_form"] = CsvTextForm(initial={"text": text})
    return render(request, "console/table_import.html", context, status=200 if form.is_valid() else 400)
