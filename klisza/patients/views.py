"""Pages about the person's own data, and for whom an account acts."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from klisza.accounts import sentences, session, through_provider
from klisza.accounts.decorators import patient_required
from klisza.accounts.errors import ProviderAway
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.services.oidc.party import Party, patient_party
from klisza.audit.services import record
from klisza.base.errors import NotFound, Refused, TooMany

from . import acting, presenters, queries, services
from .forms import OfferCodeForm
from .viewer import Viewer

ROWS_A_PAGE = 50
NOTHING_HERE = "nothing here"  # instead of a sentence: a page of its own


@require_safe
@patient_required
def access_log(request: PortalRequest) -> HttpResponse:
    """Who looked at my data: of all records that are mine; a guardian reads the child's."""
    viewer = _log_viewer(request)
    record("access_log.viewed", by=viewer.actor, patient_id=viewer.patient_id, reason=viewer.reason)
    events = queries.access_events(
        viewer, actions=frozenset(presenters.DATA_ACTIONS), own=frozenset(presenters.OWN_ACTIONS)
    )
    page = Paginator(events, ROWS_A_PAGE).get_page(request.GET.get("page"))
    carers = queries.carer_names(viewer.patient_ids)
    rows = [presenters.log_row(event, account_id=viewer.account_id, carers=carers) for event in page]
    return render(request, "patients/access_log.html", {"page": page, "rows": rows})


def _log_viewer(request: PortalRequest) -> Viewer:
    """Other carers read their own log; one who is no patient here has only what the account did."""
    account = request.account
    assert account is not None  # noqa: S101 - patient_required
    grant = acting.grant_of(request)
    if grant is not None:
        viewer = acting.viewer_of(request)
        if viewer.is_guardian and viewer.scope == "all":
            return viewer
    if acting.own_patient(request) is None:
        return Viewer("patient", request.actor, account.pk, frozenset(), 0)
    return queries.viewer_for(account, request.actor)


@require_safe
@patient_required
def choose(request: PortalRequest) -> HttpResponse:
    """Whose examinations are to be shown; and the code of somebody who lets this account in."""
    return _choose_page(request, OfferCodeForm())


def _choose_page(request: PortalRequest, form: OfferCodeForm, status: int = 200) -> HttpResponse:
    grants = acting.grants_of(request)
    context = {
        "people": [presenters.acted_for(grant) for grant in grants],
        "current": acting.grant_of(request),
        "form": form,
    }
    return render(request, "patients/choose.html", context, status=status)


@require_POST
@patient_required
def act(request: PortalRequest) -> HttpResponse:
    """From now on this browser shows the data of this person, or the own again."""
    grant = acting.choose(request, request.POST.get("grant", "")[:64])
    if grant is not None:
        person = queries.survivor(grant.patient)
        record("carer.acting", by=request.actor, patient_id=person.pk, objects=[grant])
    return redirect("/examinations/" if grant or acting.own_patient(request) else "patients:choose")


@require_POST
@patient_required
def take_up(request: PortalRequest) -> HttpResponse:
    form = OfferCodeForm(request.POST)
    if not form.is_valid():
        return _choose_page(request, form)
    assert request.account is not None  # noqa: S101 - patient_required
    try:
        grant = services.take_up(account=request.account, code=form.cleaned_data["code"], by=request.actor)
    except Refused as refusal:
        form.add_error("code", refusal.sentence)
        return _choose_page(request, form, refusal.status if isinstance(refusal, TooMany) else 200)
    messages.success(
        request,
        _("You can now act for %(name)s.") % {"name": queries.full_name(queries.survivor(grant.patient))},
    )
    return redirect("patients:choose")


@require_POST
@patient_required
def give_up(request: PortalRequest, grant_id: uuid.UUID) -> HttpResponse:
    """The carer does not want to be one any more."""
    assert request.account is not None  # noqa: S101 - patient_required
    grant = queries.live_grant(request.account, grant_id)
    if grant is None:
        raise NotFound
    services.end_grant(grant=grant, reason="carer", by=request.actor)
    acting.forget(request)
    messages.success(request, _("You no longer act for this person."))
    return redirect("patients:choose")


@require_safe
def identity(request: PortalRequest) -> HttpResponse:
    """To the broker that proves who somebody is. again: once more, before important changes."""
    party, next_path = _party(), session.safe_path(request.GET.get("next", ""))
    if request.account and "again" not in request.GET:
        return redirect(next_path or "/examinations/")
    try:
        return redirect(through_provider.address_of(request, party, next_path))
    except ProviderAway:
        return _not_proven(request, sentences.provider_away_sentence(), next_path)


@require_safe
def identity_back(request: PortalRequest) -> HttpResponse:
    returned = through_provider.take_back(request, _party(), services.enter_by_identity, request.actor)
    if returned.login is None:
        return _not_proven(request, returned.sentence, returned.next_path)
    return redirect("accounts:on")


@require_safe
def identity_refused(request: PortalRequest) -> HttpResponse:
    """What the broker's answer came to, and the other ways in. Said once: a reload leads to the login."""
    _party()
    said, next_path = session.told(request), session.safe_path(request.GET.get("next", ""))
    if not said:
        return redirect(through_provider.with_next(reverse("accounts:login"), next_path))
    context = {
        "sentence": "" if said == NOTHING_HERE else said,
        "next_path": next_path,
        "label": settings.PATIENT_OIDC_LABEL,
    }
    return render(request, "patients/identity_refused.html", context)


def _party() -> Party:
    party = patient_party()
    if party is None:
        raise NotFound
    return party


def _not_proven(request: PortalRequest, sentence: str, next_path: str) -> HttpResponse:
    if request.account and sentence:  # it was to confirm that it is still the owner, or a second window
        messages.error(request, sentence)
        return redirect("/examinations/")
    session.tell_later(request, sentence or NOTHING_HERE)
    return redirect(through_provider.with_next(reverse("patients:identity-refused"), next_path))
