from __future__ import annotations

import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.decorators import patient_required
from klisza.base.errors import NotFound
from klisza.examinations import queries as examinations
from klisza.patients import acting
from klisza.patients.viewer import Viewer

from . import handing, presenters, queries, ranges, services
from .forms import CopyForm
from .models import Export
from .options import Options
from .queries import Content


@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@patient_required
def download(request: HttpRequest, examination_id: uuid.UUID) -> HttpResponseBase:
    """Export DICOM (M3.4 to M3.7): GET tells what will come and asks how, POST begins."""
    viewer = acting.viewer_of(request)
    examination = examinations.get_visible(viewer, examination_id, purpose="export")
    content = queries.content(viewer, [examination.pk], Options())
    if not content.images:
        raise NotFound
    form = CopyForm(request.POST if request.method == "POST" else None, content=content)
    if form.is_bound and form.is_valid():
        return _begun(request, viewer, [examination.pk], form)
    return _dialog(request, form, content, {"examination": examination})


@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@patient_required
def download_record(request: HttpRequest) -> HttpResponseBase:
    """My whole record: everything that may be taken along, in one file."""
    viewer = acting.viewer_of(request)
    wanted = queries.whole_record(viewer)
    content = queries.content(viewer, wanted, Options(documents=True))
    if not content.size:
        raise NotFound
    form = CopyForm(request.POST if request.method == "POST" else None, content=content, whole_record=True)
    if form.is_bound and form.is_valid():
        return _begun(request, viewer, wanted, form)
    return _dialog(request, form, content, {"examinations": content.parts})


def _dialog(request: HttpRequest, form: CopyForm, content: Content, about: dict[str, object]) -> HttpResponse:
    context = {"form": form, "content": content, "password_text": presenters.PASSWORD_TEXT, **about}
    return render(request, "exports/download.html", context)


def _begun(
    request: HttpRequest, viewer: Viewer, examination_ids: list[uuid.UUID], form: CopyForm
) -> HttpResponse:
    begun = services.begin(
        viewer=viewer,
        session=request.session.session_key or "",
        examination_ids=examination_ids,
        options=form.options(get_language() or settings.LANGUAGE_CODE),
        password=form.cleaned_data["password"],
    )
    return handing.hand_over(begun)


@require_safe
def show(request: HttpRequest, export_id: uuid.UUID) -> HttpResponse:
    """The page of a copy: the download begins here, with how far it is and a way to end it."""
    export = handing.copy_of(request, export_id)
    return render(request, "exports/copy.html", presenters.page(export, handing.key_of(request)))


@require_safe
def progress(request: HttpRequest, export_id: uuid.UUID) -> HttpResponse:
    return JsonResponse(presenters.progress(handing.copy_of(request, export_id)))


@require_POST
def cancel(request: HttpRequest, export_id: uuid.UUID) -> HttpResponse:
    export = handing.copy_of(request, export_id)
    services.cancel(export=export)
    answer = redirect(presenters.way_back(export))
    answer.delete_cookie(handing.COOKIE, path=presenters.address(export))
    return answer


@require_safe
def file(request: HttpRequest, export_id: uuid.UUID) -> HttpResponseBase:
    """The ZIP, from any byte on: the key in the cookie is all that opens it, so that `curl -C -` goes on with it."""
    sending = services.open_sending(export=queries.get(export_id), key=handing.key_of(request))
    tag = f'"{sending.tag}"'
    try:
        part = ranges.wanted(
            request.headers.get("Range", "") if request.method == "GET" else "",
            request.headers.get("If-Range", ""),
            size=sending.size,
            tag=tag,
        )
    except ranges.Unsatisfiable:
        sending.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{sending.size}"})
    start, length = part or (0, sending.size)
    answer: HttpResponseBase
    if request.method == "HEAD":
        sending.close()
        answer = HttpResponse(content_type="application/zip")
    else:
        answer = StreamingHttpResponse(
            sending.stream(start, length), status=206 if part else 200, content_type="application/zip"
        )
    _label(answer, sending.export, tag, length)
    if part:
        answer.headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{sending.size}"
    return answer


def _label(answer: HttpResponseBase, export: Export, tag: str, length: int) -> None:
    answer.headers["Content-Length"] = str(length)
    answer.headers["Content-Disposition"] = (
        content_disposition_header(True, presenters.file_name(export)) or "attachment"
    )
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "no-store, no-transform"
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["ETag"] = tag
