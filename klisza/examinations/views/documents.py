"""My documents: the page stands here because the gate for reports does."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from klisza.accounts.decorators import patient_required
from klisza.documents import queries as documents
from klisza.examinations import presenters, queries, wording
from klisza.examinations.services import note_document, note_list

from .files import pdf_response
from .viewer import viewer_of

ORIGINS = ("report", "hospital", "own")


@require_safe
@patient_required
def document_list(request: HttpRequest) -> HttpResponse:
    """Everything on the account (manual M4.1): reports, what the hospital sent, what the patient added."""
    viewer = viewer_of(request)
    note_list(viewer)
    rows = [presenters.report_row(listed) for listed in queries.reports_of(viewer)]
    rows += [presenters.document_row(document) for document in documents.of_patients(viewer.patient_ids)]
    rows.sort(key=lambda row: row.issued_at, reverse=True)
    wanted = request.GET.get("show", "")
    chosen = [row for row in rows if row.origin == wanted] if wanted in ORIGINS else rows
    context = {"rows": chosen, "wanted": wanted if wanted in ORIGINS else "", "total": len(rows)}
    return render(request, "examinations/documents.html", context)


@require_safe
@patient_required
def document_file(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """A document that is no report; reports are reached through their examination only."""
    viewer = viewer_of(request)
    document = documents.of_patient(viewer.patient_ids, document_id)
    note_document(viewer, document, action="document.downloaded")
    return pdf_response(
        document.blob,
        wording.file_name(pgettext("file name", "document"), document.issued_at),
        inline="print" in request.GET,
    )
