"""The viewer's page and the renewal of its ticket."""

from __future__ import annotations

import uuid
from typing import Any

from csp.constants import NONE, SELF, WASM_UNSAFE_EVAL
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from klisza.accounts.decorators import patient_required, staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.archive import queries as archive
from klisza.archive.models import Study
from klisza.base.errors import NotFound, Refused
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination
from klisza.patients import acting
from klisza.patients import queries as patients
from klisza.patients.viewer import Viewer
from klisza.sharing.guests import Guest, guest_required, key_of
from klisza.sharing.members import Member, member_required
from klisza.uploads import queries as uploads
from klisza.uploads.models import Delivery

from . import presenters, services, ways

DELIVERIES = ("registration", "radiology")  # who decides about what patients hand in
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
    """Images with their report in a window of their own (manual M3.2)."""
    viewer = acting.viewer_of(request)
    examination = examinations.get_visible(viewer, examination_id, purpose="images")
    session = request.session.session_key or ""
    return _viewer(request, viewer, examination, session=session, where=ways.own(examination))


@require_POST
@patient_required
def renew_ticket(request: HttpRequest, examination_id: uuid.UUID) -> JsonResponse:
    return _renewed(acting.viewer_of(request), examination_id, session=request.session.session_key or "")


@require_safe
@guest_required
@csp_replace(POLICY)  # type: ignore[untyped-decorator]
def guest_viewer(request: Guest, examination_id: uuid.UUID) -> HttpResponse:
    """The same for whom somebody has shared it with (manual M7.3)."""
    viewer, share = request.viewer, request.visit.share
    examination = examinations.get_visible(viewer, examination_id, purpose="images")
    where = ways.guest(share.pk, examination, may_download=share.may_download)
    return _viewer(request, viewer, examination, session=key_of(request), where=where)


@require_POST
@guest_required
def renew_guest_ticket(request: Guest, examination_id: uuid.UUID) -> JsonResponse:
    return _renewed(request.viewer, examination_id, session=key_of(request))


@require_safe
@member_required
@csp_replace(POLICY)  # type: ignore[untyped-decorator]
def unit_viewer(request: Member, examination_id: uuid.UUID) -> HttpResponse:
    """The same for staff with whose unit it was shared."""
    examination = examinations.get_visible(request.viewer, examination_id, purpose="images")
    where = ways.unit(request.share.pk, examination)
    session = request.session.session_key or ""
    return _viewer(request, request.viewer, examination, session=session, where=where)


@require_POST
@member_required
def renew_unit_ticket(request: Member, examination_id: uuid.UUID) -> JsonResponse:
    return _renewed(request.viewer, examination_id, session=request.session.session_key or "")


@require_safe
@staff_required(*DELIVERIES)
@csp_replace(POLICY)  # type: ignore[untyped-decorator]
def handed_viewer(request: PortalRequest, delivery_id: uuid.UUID, study_id: uuid.UUID) -> HttpResponse:
    """Images that a patient handed in, for the staff who decide about them."""
    if request.GET:
        raise NotFound
    delivery = uploads.for_staff(delivery_id)
    study = uploads.preview(delivery, study_id).study
    ticket = _handed_ticket(request, delivery, study)
    screen = presenters.handed_screen(delivery, study, ticket)
    config = presenters.config(archive.series_of([study.pk]), screen, ticket, get_token(request))
    context = {"screen": screen, "config": config, "person_name": patients.full_name(delivery.patient)}
    return render(request, "viewer/viewer.html", context)


@require_POST
@staff_required(*DELIVERIES)
def renew_handed_ticket(request: PortalRequest, delivery_id: uuid.UUID, study_id: uuid.UUID) -> JsonResponse:
    delivery = uploads.for_staff(delivery_id)
    study = uploads.preview(delivery, study_id).study
    return JsonResponse({"base": presenters.base(_handed_ticket(request, delivery, study))})


def _handed_ticket(request: PortalRequest, delivery: Delivery, study: Study) -> str:
    assert request.account is not None  # noqa: S101 - tells the type checker
    return services.admit_to_handed(
        by=request.actor,
        account_id=request.account.pk,
        delivery=delivery,
        study=study,
        session=request.session.session_key or "",
    )


def _viewer(
    request: HttpRequest, viewer: Viewer, examination: Examination, *, session: str, where: ways.Ways
) -> HttpResponse:
    """The query is never read (R31)."""
    if request.GET:
        raise Refused(
            _("The viewer opens examinations of the portal only. Please open it from the examination's page.")
        )
    reports = _reports(viewer, examination.pk)
    ticket = services.admit(
        viewer=viewer,
        examination=examination,
        session=session,
        reports=[shown.version for shown in reports],
    )
    cards = examinations.series_for(viewer, examination)
    screen = presenters.screen(examination, cards, reports, ticket, where)
    config = presenters.config(cards, screen, ticket, get_token(request))
    context = {"screen": screen, "config": config}
    return render(request, "viewer/viewer.html", context | (_stranger(viewer) if viewer.share else {}))


def _stranger(viewer: Viewer) -> dict[str, Any]:
    """Whose images these are; nothing of who may be signed in in the same browser."""
    person = patients.get(viewer.patient_id or uuid.UUID(int=0))
    return {"person_name": patients.full_name(person), "acting": "", "idle": None}


def _renewed(viewer: Viewer, examination_id: uuid.UUID, *, session: str) -> JsonResponse:
    """Through the gate once more: what was hidden meanwhile stays hidden."""
    examination = examinations.get_visible(viewer, examination_id, purpose="images")
    ticket = services.admit(viewer=viewer, examination=examination, session=session)
    return JsonResponse({"base": presenters.base(ticket)})


def _reports(viewer: Viewer, examination_id: uuid.UUID) -> list[examinations.ShownReport]:
    """Images and report may be released apart: the report has a gate of its own."""
    released = examinations.visible(viewer, purpose="report").filter(pk=examination_id).first()
    return examinations.shown_reports(released) if released else []
