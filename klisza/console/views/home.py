"""The first page: search for a patient, and what waits for somebody."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from klisza.accounts import queries as accounts
from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.audit.services import record
from klisza.base import sealing
from klisza.console import queries
from klisza.console.forms.find import FindForm
from klisza.console.presenters import desk, pages
from klisza.console.readers import DESK, READERS, may_read
from klisza.patients.models import Patient


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@staff_required()
def home(request: PortalRequest) -> HttpResponse:
    """The search is a POST: names and numbers stay out of addresses and logs."""
    may_search = may_read(request, *DESK)
    form = FindForm(request.POST if request.method == "POST" and may_search else None)
    found: list[Patient] | None = None
    if form.is_bound and form.is_valid():
        found = find_recorded(request, form)
    mine = [name for name, roles in READERS.items() if may_read(request, *roles)]
    context = {
        "form": form,
        "find_address": "console:desk" if may_read(request, *READERS["desk"]) else "console:home",
        "found": None if found is None else [desk.found(person) for person in found],
        "groups": pages.groups(mine, queries.counts(mine)),
        "may_search": may_search,
        "alarms": accounts.alarms(),
    }
    return render(request, "console/home.html", context)


def find_recorded(request: PortalRequest, form: FindForm) -> list[Patient]:
    """The log keeps a digest: whether two searches were the same can be told, whom they meant cannot."""
    wanted = form.criteria
    text = "\n".join(str(wanted[name]).casefold() for name in sorted(wanted))
    found = queries.find(**wanted)
    summary = f"{sealing.digest(text, purpose='staff search')[:16]}, {len(found)} found"
    record("staff.searched", by=request.actor, reason=summary)
    return found
