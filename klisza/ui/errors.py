"""Error pages: a sentence, what to do next, how to reach support; never a cause, a path or a version (R38)."""

from __future__ import annotations

import sqlite3

import structlog
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from klisza.base.errors import KliszaError, NotFound, Refused, TooMany, Unavailable

log = structlog.get_logger(__name__)


def page_for(request: HttpRequest, error: KliszaError) -> HttpResponse:
    if isinstance(error, NotFound):
        return not_found(request)
    if isinstance(error, Refused):
        response = _page(request, error.status, _("This did not work"), error.sentence)
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.retry_after)
        return response
    if isinstance(error, Unavailable):
        return busy(request, retry_after=error.retry_after)
    return fault(request)


def _page(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    return render(request, "ui/error.html", {"error_title": title, "error_sentence": sentence, "status": status}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 400, _("This did not work"), _("The request could not be understood. Please go back and try again."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403, _("No access"), _("You have no access to this page."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request, 403, _("The page was open for too long"), _("For your safety the form has expired. Please go back, reload the page and try again."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404, _("Page not found"), _("There is no such page, or it is not yours to see."))


def busy(request: HttpRequest, *, retry_after: int = 5) -> HttpResponse:
    response = _page(request, 503, _("One moment, please"), _("The portal is very busy or being serviced. Please try again in a minute; nothing of yours is lost."))
    response.headers["Retry-After"] = str(retry_after)
    return response


def fault(request: HttpRequest) -> HttpResponse:
    """Also the answer when the database is locked or away: then 503, because a retry will help (L5)."""
    import sys

    cause = sys.exc_info()[1]
    if isinstance(cause, OperationalError | sqlite3.OperationalError):
        log.error("database_unavailable")
        return busy(request)
    return _page(request, 500, _("Something went wrong"), _("The fault is ours, not yours. Please try again; if it happens again, tell our support."))
