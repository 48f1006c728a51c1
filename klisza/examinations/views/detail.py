from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from klisza.accounts.decorators import patient_required
from klisza.archive import queries as archive
from klisza.archive import tickets
from klisza.examinations import forms, presenters, queries, wording
from klisza.examinations.models import Examination
from klisza.examinations.services import note_opened
from klisza.patients import queries as patients
from klisza.patients.viewer import Viewer

from .viewer import viewer_of


@require_safe
@patient_required
def detail(request: HttpRequest, examination_id: uuid.UUID) -> HttpResponse:
    """One examination (manual M3.1): preview of the images, report, actions."""
    viewer = viewer_of(request)
    examination = queries.get_visible(viewer, examination_id, purpose="detail")
    reports = queries.shown_reports(examination)
    note_opened(viewer, examination, [shown.version for shown in reports])
    panes = [wording.pane(shown) for shown in reports]
    context: dict[str, Any] = {
        "card": wording.card(examination),
        "examination": examination,
        "panes": panes,
        "newest": max(panes, key=lambda pane: pane.issued_at, default=None),
        "why_no_report": "" if panes else wording.why_no_report(examination),
        "documents": [presenters.document_row(one) for one in queries.documents_with(examination, viewer)],
        "clinic": wording.clinic(examination),
        "visit_form": forms.Visit() if _may_say_visit(viewer, examination) else None,
        "is_wish": "patient_wish" in (examination.images_why, examination.report_why),
        "carers": _carers_choice(viewer, examination),
        **_previews(viewer, examination, request.session.session_key or ""),
    }
    context["nothing_yet"] = context["why_no_report"] and context["why_no_report"] == context["why_no_images"]
    return render(request, "examinations/detail.html", context)


def _may_say_visit(viewer: Viewer, examination: Examination) -> bool:
    """The person, or a guardian: it moves the day of release."""
    is_asked = viewer.kind != "carer" or viewer.is_guardian
    return is_asked and wording.awaits_visit(examination)


def _carers_choice(viewer: Viewer, examination: Examination) -> str:
    """hidden | shown; "" where there is nothing to choose: no carer, or it is a carer who looks."""
    if viewer.kind != "patient":
        return ""
    if examination.hidden_from_carers_at:
        return "hidden"
    return "shown" if patients.live_on(examination.patient) else ""


def _previews(viewer: Viewer, examination: Examination, session: str) -> dict[str, Any]:
    """The ticket is issued here, after the record of the opening was committed (R69)."""
    study_ids = queries.study_ids(examination)[: tickets.STUDIES_MOST]
    if not study_ids or not wording.has_pictures(examination):
        return {"previews": [], "why_no_images": wording.why_no_images(examination)}
    ticket = tickets.issue(
        holder=str(viewer.account_id), study_ids=study_ids, session=session, until=viewer.until
    )
    series = [one for one in archive.series_of(study_ids) if one.showable]
    return {"previews": presenters.previews(series, ticket), "why_no_images": ""}
