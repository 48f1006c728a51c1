"""A copy that was asked for goes to the browser: its key in a cookie that no other address gets."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from klisza.base.errors import NotFound

from . import keys, queries
from .models import Export
from .services import Begun

COOKIE = "__Secure-copy" if settings.HTTPS else "klisza_copy"


def hand_over(begun: Begun) -> HttpResponse:
    """To the page of the copy, where the download begins."""
    page = reverse("exports:copy", args=[begun.export.pk])
    answer = HttpResponseRedirect(page)
    answer.status_code = 303
    answer.set_cookie(
        COOKIE, begun.key, path=page, max_age=24 * 3600, secure=settings.HTTPS, httponly=True, samesite="Lax"
    )
    return answer


def key_of(request: HttpRequest) -> str:
    return request.COOKIES.get(COOKIE, "")


def copy_of(request: HttpRequest, export_id: uuid.UUID) -> Export:
    """Raises NotFound without its key: the same for another's and for none (R56)."""
    export = queries.get(export_id)
    if not keys.opens(key_of(request), export.key_digest):
        raise NotFound
    return export
