"""What a guest may take along, and the pictures of a report's pages: every address asks the gate (R52)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from klisza.base.errors import NotFound
from klisza.examinations import delivery
from klisza.examinations import queries as examinations
from klisza.exports import handing
from klisza.exports import queries as exports
from klisza.exports.forms import CopyForm
from klisza.exports.options import Options
from klisza.exports.presenters import PASSWORD_TEXT
from klisza.exports.services import begin
from klisza.exports.services.beginning import Begun
from klisza.sharing.guests import Guest, guest_required, key_of, page


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


@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@guest_required
def download(request: Guest, examination_id: uuid.UUID) -> HttpResponseBase:
    """The images for the reader's own PACS."""
    viewer, share = request.viewer, request.visit.share
    examination = examinations.get_visible(viewer, examination_id, purpose="export")
    content = exports.content(viewer, [examination.pk], Options())
    if not content.images:
        raise NotFound
    form = CopyForm(request.POST if request.method == "POST" else None, content=content)
    if form.is_bound and form.is_valid():
        return handing.hand_over(_begun(request, form, examination.pk))
    context = {
        "form": form,
        "content": content,
        "performed_at": examination.performed_at,
        "cancel_url": reverse("guest:screen", args=[share.pk]),
        "password_text": PASSWORD_TEXT,
    }
    return page(request, "sharing/guest/download.html", context, 400 if form.is_bound else 200)


def _begun(request: Guest, form: CopyForm, examination_id: uuid.UUID) -> Begun:
    """The copy ends with the share and with this visit."""
    return begin(
        viewer=request.viewer,
        session=key_of(request),
        examination_ids=[examination_id],
        options=form.options(get_language() or settings.LANGUAGE_CODE),
        password=form.cleaned_data["password"],
        back=reverse("guest:screen", args=[request.visit.share_id]),
    )
