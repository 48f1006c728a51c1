"""When results are released: the rules in their order; the first that fits decides."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.middleware import PortalRequest
from klisza.base.errors import NotFound, Refused
from klisza.console.forms.tables import ReleaseRuleForm
from klisza.console.presenters import rules as shown
from klisza.console.queries import tables as queries
from klisza.console.readers import reader
from klisza.examinations.services import save_release_rules


@require_safe
@reader["rules"]
def rules(request: PortalRequest) -> HttpResponse:
    rows = queries.release_rules()
    context = {"rows": [shown.release_rule(row) for row in rows], "stamp": queries.stamp(rows)}
    return render(request, "console/rules.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@reader["rules"]
def rule(request: PortalRequest, place: int) -> HttpResponse:
    """One rule; place 0: a new one at the end. The list is saved as a whole."""
    rows = queries.release_rules()
    if place > len(rows):
        raise NotFound
    facts, stamp = [queries.release_facts(row) for row in rows], queries.stamp(rows)
    form = ReleaseRuleForm(
        request.POST if request.method == "POST" else None, instance=rows[place - 1] if place else None
    )
    if form.is_bound and form.is_valid():
        same_list(request, stamp)
        wanted = {name: form.cleaned_data[name] for name in queries.RELEASE_FIELDS}
        return _save(
            request, [*facts, wanted] if not place else [*facts[: place - 1], wanted, *facts[place:]]
        )
    context = {"form": form, "place": place, "stamp": request.POST.get("stamp", stamp)}
    return render(request, "console/rule.html", context, status=400 if form.is_bound else 200)


@require_POST
@reader["rules"]
def delete(request: PortalRequest, place: int) -> HttpResponse:
    facts = _facts(request, place)
    del facts[place - 1]
    return _save(request, facts)


@require_POST
@reader["rules"]
def move(request: PortalRequest, place: int) -> HttpResponse:
    return _save(request, moved(request, _facts(request, place), place))


def moved(request: PortalRequest, facts: list[dict[str, Any]], place: int) -> list[dict[str, Any]]:
    """One place up, or with `down` one place down."""
    other = min(place + 1, len(facts)) if "down" in request.POST else max(place - 1, 1)
    facts[place - 1], facts[other - 1] = facts[other - 1], facts[place - 1]
    return facts


def same_list(request: PortalRequest, stamp: str) -> None:
    """Who looks at an old list must not change the wrong rule. Raises Refused."""
    if request.POST.get("stamp", "") != stamp:
        raise Refused(_("Somebody has changed the list meanwhile. Please open it again."))


def _facts(request: PortalRequest, place: int) -> list[dict[str, Any]]:
    rows = queries.release_rules()
    if not 1 <= place <= len(rows):
        raise NotFound
    same_list(request, queries.stamp(rows))
    return [queries.release_facts(row) for row in rows]


def _save(request: PortalRequest, facts: list[dict[str, Any]]) -> HttpResponse:
    save_release_rules(rules=facts, by=request.actor)
    messages.success(request, _("Saved. All examinations are computed anew within some minutes."))
    return redirect("console:rules")
