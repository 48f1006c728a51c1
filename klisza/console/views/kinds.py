"""Which examinations patients see: rules in their order, before the built-in table."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import NotFound
from klisza.console.forms.tables import KindRuleForm
from klisza.console.presenters import rules as shown
from klisza.console.queries import tables as queries
from klisza.console.readers import reader
from klisza.examinations.services.procedures import save_kind_rules

from .rules import moved, same_list


@require_safe
@reader["kinds"]
def kinds(request: PortalRequest) -> HttpResponse:
    rows = queries.kind_rules()
    context = {"rows": [shown.kind_rule(row) for row in rows], "stamp": queries.stamp(rows)}
    return render(request, "console/kinds.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@reader["kinds"]
def kind(request: PortalRequest, place: int) -> HttpResponse:
    """One rule; place 0: a new one at the end."""
    rows = queries.kind_rules()
    if place > len(rows):
        raise NotFound
    facts, stamp = [queries.kind_facts(row) for row in rows], queries.stamp(rows)
    form = KindRuleForm(
        request.POST if request.method == "POST" else None, instance=rows[place - 1] if place else None
    )
    if form.is_bound and form.is_valid():
        same_list(request, stamp)
        wanted = {name: form.cleaned_data[name] for name in queries.KIND_FIELDS}
        return _save(
            request, [*facts, wanted] if not place else [*facts[: place - 1], wanted, *facts[place:]]
        )
    context = {"form": form, "place": place, "stamp": request.POST.get("stamp", stamp)}
    return render(request, "console/kind.html", context, status=400 if form.is_bound else 200)


@require_POST
@reader["kinds"]
def delete(request: PortalRequest, place: int) -> HttpResponse:
    facts = _facts(request, place)
    del facts[place - 1]
    return _save(request, facts)


@require_POST
@reader["kinds"]
def move(request: PortalRequest, place: int) -> HttpResponse:
    return _save(request, moved(request, _facts(request, place), place))


def _facts(request: PortalRequest, place: int) -> list[dict[str, Any]]:
    rows = queries.kind_rules()
    if not 1 <= place <= len(rows):
        raise NotFound
    same_list(request, queries.stamp(rows))
    return [queries.kind_facts(row) for row in rows]


def _save(request: PortalRequest, facts: list[dict[str, Any]]) -> HttpResponse:
    save_kind_rules(rules=facts, by=request.actor)
    messages.success(request, _("Saved. All examinations are computed anew within some minutes."))
    return redirect("console:kinds")
