"""What a guest may take along, and the pictures of a report's pages: every address asks the gate (R52)."""

from __future__ import annotations

import uuid

from django.http import HttpResponseBase
from django.views.decorators.http import require_http_methods, require_safe

from klisza.base.errors import NotFound
from klisza.examinations import delivery
from klisza.sharing import copies
from klisza.sharing.guests import Guest, guest_required


@require_safe
@guest_required
def report_page(
    request: Guest, examination_id: uuid.UUID, version_id: uuid.UUID, number: int, file: int = 1
) -> HttpResponseBase:
    return delivery.page_of_report(request.viewer, examination_id, version_id, number=number, file=file)


@require_safe
@guest_required
def report_file(
    request: Guest, examination_id: uuid.UUID, version_id: uuid.UUID, file: int = 1
) -> HttpResponseBase:
    """Only where downloading is allowed; to look at there are the pages."""
    if not request.visit.share.may_download:
        raise NotFound
    return delivery.file_of_report(request, request.viewer, examination_id, version_id, file=file)


@require_http_methods(["GET", "HEAD", "POST"])
@guest_required
def download(request: Guest, examination_id: uuid.UUID) -> HttpResponseBase:
    """The images for the reader's own PACS."""
    return copies.answer(request, examination_id)
