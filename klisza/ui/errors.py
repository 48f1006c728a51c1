"""Error pages: what happened, what to do next, how to reach support; never a cause or a path (R38)."""

from __future__ import annotations

import sqlite3
import sys

import structlog
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from klisza.base.errors import KliszaError, NotAllowed, NotFound, Refused, TooMany, Unavailable

from .context import portal

log = structlog.get_logger(__name__)


def page_for(request: HttpRequest, error: KliszaError) -> HttpResponse:
    """The page of an error that nobody caught below the door."""
    if isinstance(error, NotFound):
        return not_found(request)
    if isinstance(error, TooMany):
        return too_many(request, error.sentence, retry_after=error.retry_after)
    if isinstance(error, NotAllowed):
        return _page(403, _("No access"), error.sentence or _("You have no access to this page."))
    if isinstance(error, Refused):
        return _page(
            error.status, _("This did not work"), error.sentence or _("Please go back and try again.")
        )
    if isinstance(error, Unavailable):
        log.warning("unavailable", cause=str(error))
        return busy(request, retry_after=error.retry_after)
    return fault(request)


def _page(status: int, title: str, sentence: str, *, again: bool = False) -> HttpResponse:
    """Drawn without the request: no session, no name menu, no database, so that it works when they do not.

    again: the page itself may work on the next try.
    """
    context = {"bare": True, "error_title": title, "error_sentence": sentence, "again": again}
    return HttpResponse(render_to_string("ui/error.html", portal(None) | context), status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(
        400, _("This did not work"), _("The request could not be understood. Please go back and try again.")
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(403, _("No access"), _("You have no access to this page."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = _("For your safety the form has expired. Please go back, reload the page and try again.")
    return _page(403, _("The page was open for too long"), sentence)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(
        404,
        _("Page not found"),
        _("There is no such page, or it is not yours to see. Please check the address."),
    )


def too_many(request: HttpRequest, sentence: str = "", *, retry_after: int = 60) -> HttpResponse:
    response = _page(
        429, _("Too many tries"), sentence or _("Please wait a few minutes and try again."), again=True
    )
    response.headers["Retry-After"] = str(retry_after)
    return response


def busy(request: HttpRequest, *, retry_after: int = 5) -> HttpResponse:
    sentence = _(
        "The portal is very busy or being serviced. Please try again in a minute; nothing of yours is lost."
    )
    response = _page(503, _("One moment, please"), sentence, again=True)
    response.headers["Retry-After"] = str(retry_after)
    return response


def fault(request: HttpRequest) -> HttpResponse:
    """Also the answer when the database is locked or away: then 503, because a retry will help (L5)."""
    cause = sys.exc_info()[1]
    if isinstance(cause, OperationalError | sqlite3.OperationalError):
        log.error("database_unavailable")
        return busy(request)
    sentence = _("The fault is ours, not yours. Please try again; if it happens again, tell our support.")
    return _page(500, _("Something went wrong"), sentence, again=True)
