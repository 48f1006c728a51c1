"""My documents: the page stands here because the gate for reports does."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from klisza.accounts.decorators import patient_required
from klisza.documents import queries as documents
from klisza.examinations import panes, presenters, printing, queries
from klisza.examinations.answers import file_response, made_pdf_response, png_response
from klisza.examinations.services import note_document, note_list
from klisza.patients import acting

from .viewer import viewer_of

ORIGINS = ("report", "hospital", "own")


@require_safe
@patient_required
def document_list(request: HttpRequest) -> HttpResponse:
    """Everything on the account (manual M4.1): reports, what the hospital sent, what the patient added."""
    try:
        viewer = viewer_of(request)
    except acting.NobodyChosen:
        return redirect("patients:choose")
    note_list(viewer)
    rows = [presenters.report_row(listed) for listed in queries.reports_of(viewer)]
    found = queries.documents_of(viewer)
    handings = documents.handings(one.pk for one in found if one.kind == "own")
    rows += [presenters.document_row(one, handings.get(one.pk)) for one in found]
    rows.sort(key=lambda row: row.issued_at, reverse=True)
    wanted = request.GET.get("show", "")
    chosen = [row for row in rows if row.origin == wanted] if wanted in ORIGINS else rows
    context = {"rows": chosen, "wanted": wanted if wanted in ORIGINS else "", "total": len(rows)}
    return render(request, "examinations/documents.html", context)


@require_safe
@patient_required
def document(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """A document that is no report, to read on the screen; reports are reached through their examination only."""
    viewer = viewer_of(request)
    found = queries.document_of(viewer, document_id)
    note_document(viewer, found, action="document.opened")
    handing = documents.handings([found.pk]).get(found.pk)
    context = {
        "row": presenters.document_row(found, handing),
        "file": panes.file_pane(found),
        "is_picture": panes.is_printed_as_picture(found),
    }
    return render(request, "examinations/document.html", context)


@require_safe
@patient_required
def document_page(request: HttpRequest, document_id: uuid.UUID, number: int) -> HttpResponseBase:
    """The picture of one page."""
    viewer = viewer_of(request)
    found = queries.document_of(viewer, document_id)
    note_document(viewer, found, action="document.opened")
    return png_response(documents.page(found, number).image)


@require_safe
@patient_required
def document_file(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """The sender's own bytes; ?print and ?pdf give a PDF of a document without pages, ?print one of a picture.

    What a browser opens by itself is the PDF without scripts and actions (R32).
    """
    viewer = viewer_of(request)
    found = queries.document_of(viewer, document_id)
    inline = "print" in request.GET and panes.may_open(found)
    note_document(viewer, found, action="document.downloaded")
    name = pgettext("file name", "document")
    if found.html and (inline or "pdf" in request.GET):
        pdf = printing.pdf_of_document(found)
        return made_pdf_response(pdf, panes.file_name(name, found.issued_at), inline=inline)
    if inline and panes.is_printed_as_picture(found):
        pdf = printing.pdf_of_picture(found)
        return made_pdf_response(pdf, panes.file_name(name, found.issued_at), inline=True)
    return file_response(
        panes.blob_for(found, inline=inline),
        panes.file_name(name, found.issued_at, panes.extension_of(found)),
        media_type=found.media_type,
        inline=inline,
    )
