"""A guest's browser: the link swapped into a cookie, and after the PIN a key for as long as somebody is there.

Guests have no session: nothing of a patient's own sign-in in the same browser reaches these pages, and nothing of
these pages reaches it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.debug import sensitive_variables

from klisza.accounts import source
from klisza.audit.actor import Actor
from klisza.base.errors import NotFound
from klisza.patients.viewer import Viewer

from . import queries
from .models import Share, Visit
from .services import touch
from .wording import masked

LONGEST = 128
View = Callable[..., HttpResponseBase]


class Guest(HttpRequest):
    """A request that has passed `guest_required`."""

    visit: Visit
    viewer: Viewer


def link_of(request: HttpRequest) -> str:
    return request.COOKIES.get(settings.GUEST_LINK_COOKIE_NAME, "")[:LONGEST]


def key_of(request: HttpRequest) -> str:
    return request.COOKIES.get(settings.GUEST_COOKIE_NAME, "")[:LONGEST]


def keep(response: HttpResponseBase, name: str, value: str) -> None:
    """Until the browser is closed; what it opens is decided by the share's own time."""
    response.set_cookie(name, value, httponly=True, samesite="Lax", secure=settings.HTTPS)


def actor(request: HttpRequest, share: Share | None) -> Actor:
    """role: to whom it was sent, so that the owner's log says through which share."""
    return Actor(
        kind="guest",
        id=str(share.pk) if share else "",
        role=masked(share.email)[:64] if share else "",
        source_ip=source.client_ip(request),
        client=source.client_family(request),
    )


def speak(request: HttpRequest, share: Share) -> None:
    """The language the sender has chosen, unless the reader has chosen one here (N24)."""
    known = dict(settings.LANGUAGES)
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    language = chosen if chosen in known else share.language
    translation.activate(language)
    request.LANGUAGE_CODE = language


@sensitive_variables("key")
def guest_required(view: View) -> View:
    """Asks everything anew: visit, share, its sharer's right. A script gets 401 or 404, not a page."""

    @wraps(view)
    def guarded(request: Any, share_id: UUID, *args: Any, **kwargs: Any) -> HttpResponseBase:
        is_script = "application/json" in request.headers.get("Accept", "")
        visit = queries.visit_at(share_id, key_of(request))
        if visit is None:
            return JsonResponse({"error": "pin"}, status=401) if is_script else redirect("guest:landing")
        speak(request, visit.share)
        try:
            request.viewer = queries.guest_viewer(visit.share, actor(request, visit.share))
        except NotFound:
            return JsonResponse({"error": "over"}, status=404) if is_script else over(request)
        request.visit = visit
        touch(visit)
        return view(request, *args, **kwargs)

    return guarded


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Without the name and tabs of a patient who may be signed in in the same browser."""
    response = render(request, template, {"person_name": "", "idle": None, **context}, status=status)
    response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
    return response


def over(request: HttpRequest) -> HttpResponse:
    """For somebody who was inside a moment ago."""
    return page(request, "sharing/guest/over.html", {}, status=404)


def dead(request: HttpRequest) -> HttpResponse:
    """One and the same for a wrong, expired, revoked, blocked and unknown link."""
    return page(request, "sharing/guest/dead.html", {}, status=404)
