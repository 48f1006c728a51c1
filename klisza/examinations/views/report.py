from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from klisza.accounts.decorators import patient_required
from klisza.documents import queries as documents
from klisza.examinations import queries, wording
from klisza.examinations.models import Examination
from klisza.examinations.queries import ShownReport
from klisza.examinations.services import note_report

from .files import pdf_response, png_response
from .viewer import viewer_of


@require_safe
@patient_required
def report(request: HttpRequest, examination_id: uuid.UUID, version_id: uuid.UUID) -> HttpResponse:
    """One report on a page of its own; the viewer shows the same pane."""
    examination, shown = _open(request, examination_id, version_id, action="report.opened")
    context = {"card": wording.card(examination), "examination": examination, "pane": wording.pane(shown)}
    return render(request, "examinations/report.html", context)


@require_safe
@patient_required
def report_page(
    request: HttpRequest, examination_id: uuid.UUID, version_id: uuid.UUID, number: int
) -> HttpResponseBase:
    """The picture of one page."""
    _examination, shown = _open(request, examination_id, version_id, action="report.opened")
    return png_response(documents.page(shown.document, number).image)


@require_safe
@patient_required
def report_file(request: HttpRequest, examination_id: uuid.UUID, version_id: uuid.UUID) -> HttpResponseBase:
    """The hospital's own bytes (manual M3.3): to download, or with ?print to print from the browser."""
    printing = "print" in request.GET
    action = "report.printed" if printing else "report.downloaded"
    examination, shown = _open(request, examination_id, version_id, action=action)
    name = wording.file_name(pgettext("file name", "report"), examination.performed_at)
    return pdf_response(shown.document.blob, name, inline=printing)


def _open(
    request: HttpRequest, examination_id: uuid.UUID, version_id: uuid.UUID, *, action: str
) -> tuple[Examination, ShownReport]:
    """Through the gate, then into the record, then to the reader."""
    viewer = viewer_of(request)
    examination = queries.get_visible(viewer, examination_id, purpose="report")
    shown = queries.shown_report(examination, version_id)
    note_report(viewer, examination, shown.version, action=action)
    return examination, shown
