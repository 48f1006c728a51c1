from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from klisza.accounts.decorators import patient_required
from klisza.documents import queries as documents
from klisza.examinations import panes, printing, queries, wording
from klisza.examinations.models import Examination
from klisza.examinations.queries import ShownReport, ShownVersion
from klisza.examinations.services import note_report

from .files import file_response, made_pdf_response, png_response
from .viewer import viewer_of


@require_safe
@patient_required
def report(request: HttpRequest, examination_id: uuid.UUID, version_id: uuid.UUID) -> HttpResponse:
    """One report on a page of its own, with what belongs to it; an earlier version stands there alone."""
    examination, shown = _open(request, examination_id, version_id, action="report.opened")
    whole = _whole(examination, shown)
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
    """The picture of one page. file: which document of the version."""
    _examination, shown = _open(request, examination_id, version_id, action="report.opened")
    return png_response(documents.page(queries.version_document(shown, file), number).image)


@require_safe
@patient_required
def report_file(
    request: HttpRequest, examination_id: uuid.UUID, version_id: uuid.UUID, file: int = 1
) -> HttpResponseBase:
    """The hospital's own bytes (manual M3.3): to download, or with ?print to print from the browser.

    Of a report that is text the portal makes a PDF, and so it does with ?pdf of a document without pages.
    """
    inline = "print" in request.GET
    action = "report.printed" if inline else "report.downloaded"
    examination, shown = _open(request, examination_id, version_id, action=action)
    name = pgettext("file name", "report")
    moment = examination.performed_at
    if (file == 1 and not shown.documents) or "text" in request.GET:
        whole = _whole(examination, shown)
        pdf = printing.pdf_of_text(examination, [shown, *(whole.addenda if whole else ())])
        return made_pdf_response(pdf, panes.file_name(name, moment), inline=inline)
    document = queries.version_document(shown, file)
    if document.html and (inline or "pdf" in request.GET):
        pdf = printing.pdf_of_document(document)
        return made_pdf_response(pdf, panes.file_name(name, moment), inline=inline)
    return file_response(
        document.blob,
        panes.file_name(name, moment, panes.extension_of(document)),
        media_type=document.media_type,
        inline=inline,
    )


def _whole(examination: Examination, shown: ShownVersion) -> ShownReport | None:
    """The report whose version in effect this is; None for a supplement or an earlier version."""
    found = (one for one in queries.shown_reports(examination) if one.version == shown.version)
    return next(found, None)


def _open(
    request: HttpRequest, examination_id: uuid.UUID, version_id: uuid.UUID, *, action: str
) -> tuple[Examination, ShownVersion]:
    """Through the gate, then into the record, then to the reader."""
    viewer = viewer_of(request)
    examination = queries.get_visible(viewer, examination_id, purpose="report")
    shown = queries.shown_report(examination, version_id)
    note_report(viewer, examination, shown.version, action=action)
    return examination, shown
