"""A slip with a QR code for one visit, for patients who know no e-mail address of the doctor (B12)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language, pgettext
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from klisza.accounts.decorators import patient_required
from klisza.base import clock
from klisza.base.errors import NotFound, Refused
from klisza.examinations.answers import made_pdf_response
from klisza.examinations.panes import file_name
from klisza.patients.viewer import Viewer
from klisza.sharing import choices, forms, printing, services
from klisza.sharing.services import Wish

from .share import fresh


@require_http_methods(["GET", "HEAD", "POST"])
@patient_required
@fresh
def slip(request: HttpRequest, examination_id: uuid.UUID) -> HttpResponseBase:
    viewer, examination = choices.asked(request, examination_id)
    data = request.POST if request.method == "POST" else None
    form = forms.Slip(data, **choices.offered_for_slip(viewer, examination))
    if form.is_valid():
        try:
            return pdf_of(viewer, choices.wish(form, examination), get_language() or settings.LANGUAGE_CODE)
        except NotFound:
            raise
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
    return _form(request, form, examination=examination)


def _form(request: HttpRequest, form: forms.Slip, **context: object) -> HttpResponse:
    about = {"days": settings.SLIP_DAYS, "hours": int(settings.SLIP_VISIT.total_seconds() // 3600)}
    status = 400 if form.is_bound else 200
    return render(request, "sharing/slip.html", {"form": form, **about, **context}, status=status)


@sensitive_variables("token", "pin")
def pdf_of(viewer: Viewer, wish: Wish, language: str) -> HttpResponseBase:
    """The share exists first; when the PDF cannot be made it opens nothing, because nobody knows its link."""
    share, token, pin = services.print_slip(viewer=viewer, wish=wish)
    pdf = printing.slip(token=token, pin=pin, until=share.expires_at, language=language)
    name = file_name(pgettext("file name", "slip"), clock.now())
    return made_pdf_response(pdf, name, inline=False)
