"""The tab "My shares" (M2.8): what is open, who looked, and the ways to stop it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from klisza.accounts.decorators import patient_required
from klisza.accounts.middleware import PortalRequest
from klisza.base import clock
from klisza.base.errors import NotFound, Refused
from klisza.patients import acting
from klisza.sharing import forms, presenters, queries, services, wording
from klisza.sharing.models import Share

from .share import fresh

MOST = 200


@require_safe
@patient_required
def overview(request: PortalRequest) -> HttpResponse:
    try:
        viewer = acting.viewer_of(request)
    except acting.NobodyChosen:
        return redirect("patients:choose")
    rows = presenters.rows(list(queries.mine(viewer)[:MOST]))
    context = {"now": [row for row in rows if row.is_open], "past": [row for row in rows if not row.is_open]}
    return render(request, "sharing/list.html", context)


@require_safe
@patient_required
def one(request: PortalRequest, share_id: uuid.UUID) -> HttpResponse:
    """Everything about one share: openings with who, when and what, and what can be done."""
    share = _mine(request, share_id)
    visits, words = queries.visits_of([share]), queries.words_of([share])
    context = {
        "row": presenters.row(share, visits.get(share.pk, []), words.get(share.pk, [])),
        "share": share,
        "happened": presenters.happened(queries.events_of(share)),
        "form": forms.Longer(None, lasts=wording.lasts_choices()),
    }
    return render(request, "sharing/one.html", context)


@require_safe
@patient_required
def made(request: PortalRequest, share_id: uuid.UUID) -> HttpResponse:
    """Who gets which message and until when (M7.4); a PIN is not here any more."""
    share = _mine(request, share_id)
    context = {"row": presenters.row(share, [], []), "share": share, "pin": "", "typed": False}
    return render(request, "sharing/made.html", context)


def _mine(request: PortalRequest, share_id: uuid.UUID) -> Share:
    return queries.share_of(acting.viewer_of(request), share_id)


@require_POST
@patient_required
def revoke(request: PortalRequest, share_id: uuid.UUID) -> HttpResponse:
    share = _mine(request, share_id)
    services.revoke(share=share, by=request.actor)
    messages.success(request, _("Revoked. From now on the link opens nothing."))
    return redirect("sharing:list")


@require_POST
@patient_required
def block(request: PortalRequest, share_id: uuid.UUID) -> HttpResponse:
    share = _mine(request, share_id)
    return _done(
        request,
        share,
        lambda: services.block(share=share, by=request.actor),
        _("Blocked until you unblock it."),
    )


@require_POST
@patient_required
def unblock(request: PortalRequest, share_id: uuid.UUID) -> HttpResponse:
    share = _mine(request, share_id)
    return _done(
        request,
        share,
        lambda: services.unblock(share=share, by=request.actor),
        _("The share is open again."),
    )


@require_POST
@patient_required
@fresh
def extend(request: PortalRequest, share_id: uuid.UUID) -> HttpResponse:
    share = _mine(request, share_id)
    form = forms.Longer(request.POST, lasts=wording.lasts_choices())
    if not form.is_valid():
        messages.error(request, _("Choose for how long."))
        return redirect("sharing:one", share.pk)
    until = clock.now() + form.cleaned_data["lasts"]
    return _done(
        request,
        share,
        lambda: services.extend(share=share, until=until, by=request.actor),
        _("Saved. The share is open for longer."),
    )


@require_POST
@patient_required
@fresh
@sensitive_variables("pin")
def new_pin(request: PortalRequest, share_id: uuid.UUID) -> HttpResponse:
    """A lost PIN is replaced, never read; the new one is shown on this page only."""
    share = _mine(request, share_id)
    try:
        pin = services.new_pin(share=share, by=request.actor)
    except NotFound:
        raise
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("sharing:one", share.pk)
    share.refresh_from_db()
    context = {"row": presenters.row(share, [], []), "share": share, "pin": pin, "replaced": True}
    return render(request, "sharing/made.html", context)


@require_POST
@patient_required
@fresh
def new_link(request: PortalRequest, share_id: uuid.UUID) -> HttpResponse:
    """The recipient cannot find the mail: the portal does not know the old link, so there is a new one."""
    share = _mine(request, share_id)
    return _done(
        request,
        share,
        lambda: services.new_link(share=share, by=request.actor),
        _("A new link is on its way to the recipient. The PIN stays the same."),
    )


def _done(request: PortalRequest, share: Share, act: Callable[[], None], sentence: str) -> HttpResponse:
    try:
        act()
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, sentence)
    return redirect("sharing:one", share.pk)
