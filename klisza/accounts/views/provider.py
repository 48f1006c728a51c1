"""Staff sign in with the hospital account: to the provider, and back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from klisza.accounts import sentences, services, session, through_provider
from klisza.accounts.errors import ProviderAway
from klisza.accounts.middleware import PortalRequest
from klisza.accounts.services.oidc.party import Party, staff_party
from klisza.base.errors import NotFound

from .way import go_on, home


@require_safe
def start(request: PortalRequest) -> HttpResponse:
    """again: once more, before important changes."""
    party, next_path = _party(), session.safe_path(request.GET.get("next", ""))
    if request.account and "again" not in request.GET:
        return redirect(next_path or home())
    try:
        return redirect(through_provider.address_of(request, party, next_path))
    except ProviderAway:
        return _to_login(request, sentences.provider_away_sentence(), next_path)


@require_safe
def back(request: PortalRequest) -> HttpResponse:
    returned = through_provider.take_back(request, _party(), services.enter_staff, request.actor)
    if returned.login is None:
        return _to_login(request, returned.sentence, returned.next_path)
    return go_on(request, returned.login)


def _party() -> Party:
    party = staff_party()
    if party is None:
        raise NotFound
    return party


def _to_login(request: PortalRequest, sentence: str, next_path: str) -> HttpResponse:
    if request.account:  # it was to confirm that it is still the owner
        messages.error(request, sentence)
        return redirect(home())
    session.tell_later(request, sentence)
    return redirect(through_provider.with_next(reverse("accounts:login"), next_path))
