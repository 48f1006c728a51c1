"""A report on its way to whoever may read it: through the gate, into the record, then out."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import pgettext

from klisza.documents import queries as documents
from klisza.patients.viewer import Viewer

from . import panes, printing, queries
from .answers import file_response, made_pdf_response, png_response
from .models import Examination
from .queries import ShownReport, ShownVersion
from .services import note_report


def opened(
    viewer: Viewer, examination_id: uuid.UUID, version_id: uuid.UUID, *, action: str
) -> tuple[Examination, ShownVersion]:
    """Raises NotFound. action: report.opened | report.downloaded | report.printed."""
    examination = queries.get_visible(viewer, examination_id, purpose="report")
    shown = queries.shown_report(examination, version_id)
    note_report(viewer, examination, shown.version, action=action)
    return examination, shown


def page_of_report(
    viewer: Viewer, examination_id: uuid.UUID, version_id: uuid.UUID, *, number: int, file: int = 1
) -> HttpResponseBase:
    """The picture of one page. file: which document of the version."""
    _examination, shown = opened(viewer, examination_id, version_id, action="report.opened")
    return png_response(documents.page(queries.version_document(shown, file), number).image)


def file_of_report(
    request: HttpRequest, viewer: Viewer, examination_id: uuid.UUID, version_id: uuid.UUID, *, file: int = 1
) -> HttpResponseBase:
    """The hospital's own bytes (manual M3.3): to download, or with ?print to print from the browser.

    Of a report that is text the portal makes a PDF, and so it does with ?pdf of a document without pages.
    """
    inline = "print" in request.GET
    action = "report.printed" if inline else "report.downloaded"
    examination, shown = opened(viewer, examination_id, version_id, action=action)
    name = pgettext("file name", "report")
    moment = examination.performed_at
    if (file == 1 and not shown.documents) or "text" in request.GET:
        whole = whole_of(examination, shown)
        pdf = printing.pdf_of_text(examination, [shown, *(whole.addenda if whole else ())])
        return made_pdf_response(pdf, panes.file_name(name, moment), inline=inline)
    document = queries.version_document(shown, file)
    if document.html and (inline or "pdf" in request.GET):
        pdf = printing.pdf_of_document(document)
        return made_pdf_response(pdf, panes.file_name(name, moment), inline=inline)
    return file_response(
        panes.blob_for(document, inline=inline),
        panes.file_name(name, moment, panes.extension_of(document)),
        media_type=document.media_type,
        inline=inline,
    )


def whole_of(examination: Examination, shown: ShownVersion) -> ShownReport | None:
    """The report whose version in effect this is; None for a supplement or an earlier version."""
    found = (one for one in queries.shown_reports(examination) if one.version == shown.version)
    return next(found, None)
