from __future__ import annotations

import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import content_disposition_header
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods

from klisza.accounts.decorators import patient_required
from klisza.accounts.services.sessions import goes_on as session_goes_on
from klisza.base import clock
from klisza.base.errors import KliszaError, NotFound
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination
from klisza.patients import acting
from klisza.patients import queries as patients
from klisza.patients.viewer import Viewer

from . import bundle, queries, services


@require_http_methods(["GET", "HEAD", "POST"])
@patient_required
def download(request: HttpRequest, examination_id: uuid.UUID) -> HttpResponseBase:
    """Export DICOM: GET tells what will come and how large it is, POST brings it."""
    viewer = acting.viewer_of(request)
    examination = examinations.get_visible(viewer, examination_id, purpose="export")
    content = queries.content(examination)
    if not content.objects:
        raise NotFound
    if request.method != "POST":
        return render(request, "exports/download.html", {"examination": examination, "content": content})
    export = services.start(viewer=viewer, examination=examination)
    readme = render_to_string("exports/readme.txt", _about()).replace("\n", "\r\n")
    stream = bundle.stream(
        export=export, content=content, readme=readme, still_open=_gate(request, viewer, examination)
    )
    response = StreamingHttpResponse(stream, content_type="application/zip")
    response.headers["Content-Disposition"] = (
        content_disposition_header(True, _file_name(examination)) or "attachment"
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "no-store"
    return response


def _gate(request: HttpRequest, viewer: Viewer, examination: Examination) -> Callable[[], bool]:
    """Asks everything anew: a merge, a withdrawal, a hold, a lock or the end of the session ends the stream.

    A running download counts as activity: its owner is not logged out meanwhile.
    """
    account = request.account  # type: ignore[attr-defined]
    session_key = request.session.session_key or ""
    purposes = ["export", *(["report"] if examinations.report_objects_open(examination) else [])]

    def still_open() -> bool:
        try:
            account.refresh_from_db()
            now = patients.viewer_again(viewer, account)
            return (
                account.is_active
                and session_goes_on(session_key=session_key)
                and all(
                    examinations.visible(now, purpose=purpose).filter(pk=examination.pk).exists()
                    for purpose in purposes
                )
            )
        except KliszaError:
            return False

    return still_open


def _file_name(examination: Examination) -> str:
    """A word of ours and the date: ASCII, and nothing about the person or the kind of examination (R33)."""
    word = pgettext("file name", "examination")
    return f"{word}-{clock.local_date(examination.performed_at).isoformat()}.zip"


def _about() -> dict[str, str]:
    return {
        "portal_name": settings.PORTAL_NAME,
        "hospital_name": settings.HOSPITAL_NAME,
        "support_email": settings.SUPPORT_EMAIL,
        "support_phone": settings.SUPPORT_PHONE,
    }
