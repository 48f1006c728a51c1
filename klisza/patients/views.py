"""Pages about the person's own data."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from klisza.accounts.decorators import patient_required
from klisza.accounts.middleware import PortalRequest
from klisza.audit.services import record

from . import presenters, queries

ROWS_A_PAGE = 50


@require_safe
@patient_required
def access_log(request: PortalRequest) -> HttpResponse:
    """Who looked at my data: of all records that are mine."""
    viewer = queries.viewer_for(request.account, request.actor)
    record("access_log.viewed", by=request.actor, patient_id=viewer.patient_id)
    events = queries.access_events(
        viewer, actions=frozenset(presenters.DATA_ACTIONS), own=frozenset(presenters.OWN_ACTIONS)
    )
    page = Paginator(events, ROWS_A_PAGE).get_page(request.GET.get("page"))
    rows = [presenters.log_row(event, account_id=viewer.account_id) for event in page]
    return render(request, "patients/access_log.html", {"page": page, "rows": rows})
