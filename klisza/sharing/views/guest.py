"""A guest's way in (manual M7.3): link, PIN, one screen. No GET before the PIN changes or tells anything (R55)."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.base.errors import Refused
from klisza.examinations import queries as examinations
from klisza.examinations.services import note_opened
from klisza.sharing import forms, presenters, queries, services
from klisza.sharing.errors import LinkDead, PinPaused, PinWrong
from klisza.sharing.guests import Guest, actor, dead, guest_required, keep, key_of, link_of, page, speak
from klisza.sharing.models import Share, Word


@sensitive_variables("token")
@require_safe
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Out of the address bar and the history into a cookie, whatever it is; nothing is looked up here."""
    response = redirect("guest:landing")
    keep(response, settings.GUEST_LINK_COOKIE_NAME, token[:128])
    return response


@sensitive_post_parameters()
@sensitive_variables("form", "key", "pin")
@require_http_methods(["GET", "HEAD", "POST"])
def landing(request: HttpRequest) -> HttpResponse:
    """Asks for the PIN and says nothing else."""
    share = queries.by_token(link_of(request))
    if share is None:
        return dead(request)
    speak(request, share)
    if request.method != "POST" and queries.visit_at(share.pk, key_of(request)):
        return redirect("guest:screen", share.pk)
    form = forms.Pin(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _landing(request, share, form, 400 if form.is_bound else 200)
    return _admitted(request, share, form)


@sensitive_variables("form", "key")
def _admitted(request: HttpRequest, share: Share, form: forms.Pin) -> HttpResponse:
    try:
        _share, key = services.admit_guest(
            token=link_of(request),
            pin=form.cleaned_data["pin"],
            by=actor(request, share),
            key=key_of(request),
        )
    except LinkDead:
        return dead(request)
    except (PinPaused, PinWrong) as refusal:
        form.add_error("pin", refusal.sentence)
        response = _landing(request, share, form, refusal.status)
        if isinstance(refusal, PinPaused):
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response
    response = redirect("guest:screen", share.pk)
    keep(response, settings.GUEST_COOKIE_NAME, key)
    return response


def _landing(request: HttpRequest, share: Share, form: forms.Pin, status: int) -> HttpResponse:
    return page(request, "sharing/guest/landing.html", {"form": form, "pin_way": share.pin_way}, status)


@require_safe
@guest_required
def screen(request: Guest) -> HttpResponseBase:
    return _screen(request)


def _screen(request: Guest, form: forms.Text | None = None) -> HttpResponse:
    """Name, birth date, examinations with viewer, report and download, until when; note, more time, not for me."""
    share = request.visit.share
    shown = list(examinations.visible(request.viewer, purpose="detail").order_by("-performed_at", "id"))
    for examination in shown:
        reports = [one.version for one in examinations.shown_reports(examination)]
        note_opened(request.viewer, examination, reports)
    context = {
        "share": share,
        "screen": presenters.screen(share, request.viewer, shown),
        "form": form or forms.Text(None),
    }
    return page(request, "sharing/guest/screen.html", context, 400 if form else 200)


@require_POST
@guest_required
def note(request: Guest) -> HttpResponseBase:
    form = forms.Text(request.POST)
    if not form.is_valid():
        return _screen(request, form)
    text = form.cleaned_data["text"]
    return _written(request, Word.Kind.NOTE, _("Thank you, your note has been handed over."), text=text)


@require_POST
@guest_required
def longer(request: Guest) -> HttpResponseBase:
    said = _("The owner has been asked. If access is extended, the same link and PIN go on working.")
    return _written(request, Word.Kind.LONGER, said)


def _written(request: Guest, kind: Word.Kind, said: str, text: str = "") -> HttpResponseBase:
    share = request.visit.share
    try:
        services.write_back(share=share, kind=kind, text=text, by=actor(request, share))
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, said)
    return redirect("guest:screen", share.pk)


@require_POST
@guest_required
def not_mine(request: Guest) -> HttpResponseBase:
    """Sent to the wrong reader: it ends here, and the owner is told."""
    share = request.visit.share
    services.write_back(share=share, kind=Word.Kind.NOT_MINE, by=actor(request, share))
    return _gone(page(request, "sharing/guest/thanks.html", {"not_mine": True}))


@require_POST
@guest_required
def leave(request: Guest) -> HttpResponseBase:
    services.leave(visit=request.visit, key=key_of(request), by=actor(request, request.visit.share))
    return _gone(page(request, "sharing/guest/thanks.html", {"not_mine": False}))


def _gone(response: HttpResponse) -> HttpResponse:
    """Nothing of it stays in a browser that others use (R59)."""
    response.delete_cookie(settings.GUEST_LINK_COOKIE_NAME)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
