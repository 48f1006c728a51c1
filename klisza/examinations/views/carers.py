"""Who may see my examinations: give, see, end (N11). The person's own page: a carer lets nobody else in."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.decorators import fresh_required, patient_required
from klisza.base.errors import NotFound, Refused, TooMany
from klisza.examinations import forms, presenters, queries, wording
from klisza.examinations.services import carers as services
from klisza.examinations.services import hide_from_carers
from klisza.patients import queries as patients
from klisza.patients import services as grants
from klisza.patients.viewer import Viewer

from .viewer import viewer_of


@require_safe
@patient_required
def carer_list(request: HttpRequest) -> HttpResponse:
    person = patients.get(_owner(request).patient_id or uuid.UUID(int=0))
    rows = [presenters.carer_row(grant, queries.chosen_count(grant)) for grant in patients.grants_on(person)]
    context = {"now": [row for row in rows if row.is_open], "past": [row for row in rows if not row.is_open]}
    return render(request, "examinations/carers.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@patient_required
@fresh_required
def carer_new(request: HttpRequest) -> HttpResponse:
    viewer = _owner(request)
    form = forms.Carer(request.POST if request.method == "POST" else None, choices=_choices(viewer))
    if not form.is_valid():
        return render(request, "examinations/carer_new.html", {"form": form})
    try:
        grant, code = services.offer(viewer=viewer, **form.cleaned_data)
    except NotFound:
        raise
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        status = refusal.status if isinstance(refusal, TooMany) else 200
        return render(request, "examinations/carer_new.html", {"form": form}, status=status)
    # Shown on this one page and kept nowhere: only its digest is.
    context: dict[str, Any] = {"code": code, "grant": grant}
    return render(request, "examinations/carer_code.html", context)


@require_POST
@patient_required
def carer_end(request: HttpRequest, grant_id: uuid.UUID) -> HttpResponse:
    """Needs no fresh factor: whoever wants it over must be quick."""
    viewer = _owner(request)
    grant = patients.grant_on(patients.get(viewer.patient_id or uuid.UUID(int=0)), grant_id)
    if grant is None:
        raise NotFound
    grants.end_grant(grant=grant, reason="patient", by=viewer.actor)
    messages.success(request, _("Ended. From now on this person sees nothing of yours."))
    return redirect("carers:list")


@require_POST
@patient_required
def carer_hide(request: HttpRequest, examination_id: uuid.UUID) -> HttpResponse:
    """Keep one examination from carers, or show it to them again; from its page, by the person only."""
    viewer = viewer_of(request)
    if viewer.kind != "patient":
        raise NotFound
    examination = queries.get_visible(viewer, examination_id, purpose="detail")
    hidden = request.POST.get("hidden") == "1"
    hide_from_carers(viewer=viewer, examination=examination, hidden=hidden)
    messages.success(
        request,
        _("Saved. Nobody who acts for you sees this examination.")
        if hidden
        else _("Saved. Whoever acts for you sees this examination again, as you have arranged with them."),
    )
    return redirect("examinations:detail", examination_id)


def _owner(request: HttpRequest) -> Viewer:
    """Whoever the browser acts for: these are the account's own affairs. Raises NotFound without own data."""
    return patients.viewer_for(request.account, request.actor)  # type: ignore[attr-defined]


def _choices(viewer: Viewer) -> list[tuple[str, str]]:
    newest = queries.visible(viewer, purpose="list").order_by("-performed_at", "-id")[: services.MOST_CHOSEN]
    cards = wording.cards(list(newest))
    return [(str(card.id), f"{card.heading}, {presenters.day(card.performed_at)}") for card in cards]
