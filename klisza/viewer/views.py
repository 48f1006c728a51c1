"""The viewer's page and the renewal of its ticket."""

from __future__ import annotations

import uuid

from csp.constants import NONE, SELF, WASM_UNSAFE_EVAL
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from klisza.accounts.decorators import patient_required
from klisza.archive import queries as archive
from klisza.base.errors import Refused
from klisza.examinations import queries as examinations
from klisza.patients import acting
from klisza.patients.viewer import Viewer

from . import presenters, services

# wasm: the decoders. blob: the tools' cursors. data: pictures that the browser's own JPEG decoder draws.
POLICY = {
    "default-src": [NONE],
    "script-src": [SELF, WASM_UNSAFE_EVAL],
    "worker-src": [SELF],
    "connect-src": [SELF],
    "img-src": [SELF, "data:", "blob:"],
    "style-src": [SELF],
    "object-src": [NONE],
    "base-uri": [NONE],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}


@require_safe
@patient_required
@csp_replace(POLICY)  # type: ignore[untyped-decorator]
def open_viewer(request: HttpRequest, examination_id: uuid.UUID) -> HttpResponse:
    """Images with their report in a window of their own (manual M3.2); the query is never read (R31)."""
    if request.GET:
        raise Refused(
            _("The viewer opens examinations of the portal only. Please open it from the examination's page.")
        )
    viewer = _viewer_of(request)
    examination = examinations.get_visible(viewer, examination_id, purpose="images")
    reports = _reports(viewer, examination_id)
    ticket = services.admit(
        viewer=viewer,
        examination=examination,
        session=request.session.session_key or "",
        reports=[shown.version for shown in reports],
    )
    cards = archive.series_of(
        examinations.study_ids(examination), with_reports=examinations.report_objects_open(examination)
    )
    screen = presenters.screen(examination, cards, reports, ticket)
    config = presenters.config(examination, cards, screen, ticket, get_token(request))
    return render(request, "viewer/viewer.html", {"screen": screen, "config": config})


@require_POST
@patient_required
def renew_ticket(request: HttpRequest, examination_id: uuid.UUID) -> JsonResponse:
    """Through the gate once more: what was hidden meanwhile stays hidden."""
    viewer = _viewer_of(request)
    examination = examinations.get_visible(viewer, examination_id, purpose="images")
    session = request.session.session_key or ""
    ticket = services.admit(viewer=viewer, examination=examination, session=session)
    return JsonResponse({"base": presenters.base(ticket)})


def _viewer_of(request: HttpRequest) -> Viewer:
    return acting.viewer_of(request)


def _reports(viewer: Viewer, examination_id: uuid.UUID) -> list[examinations.ShownReport]:
    """Images and report may be released apart: the report has a gate of its own."""
    released = examinations.visible(viewer, purpose="report").filter(pk=examination_id).first()
    return examinations.shown_reports(released) if released else []
