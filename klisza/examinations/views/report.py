from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from klisza.accounts.decorators import patient_required
from klisza.examinations import delivery, panes, wording

from .viewer import viewer_of


@require_safe
@patient_required
def report(request: HttpRequest, examination_id: uuid.UUID, version_id: uuid.UUID) -> HttpResponse:
    """One report on a page of its own, with what belongs to it; an earlier version stands there alone."""
    examination, shown = delivery.opened(
        viewer_of(request), examination_id, version_id, action="report.opened"
    )
    whole = delivery.whole_of(examination, shown)
    pane: Any = panes.pane(whole) if whole else panes.version_pane(shown)
    context = {
        "card": wording.card(examination),
        "examination": examination,
        "pane": pane,
        "superseded": whole is None and shown.version.status != "A",
    }
    return render(request, "examinations/report.html", context)


@require_safe
@patient_required
def report_page(
    request: HttpRequest, examination_id: uuid.UUID, version_id: uuid.UUID, number: int, file: int = 1
) -> HttpResponseBase:
    return delivery.page_of_report(viewer_of(request), examination_id, version_id, number=number, file=file)


@require_safe
@patient_required
def report_file(
    request: HttpRequest, examination_id: uuid.UUID, version_id: uuid.UUID, file: int = 1
) -> HttpResponseBase:
    return delivery.file_of_report(request, viewer_of(request), examination_id, version_id, file=file)
