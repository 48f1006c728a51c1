"""The browser's own key, signed, for 180 days: it opens nothing, see services/known.py."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from klisza.base import ids

SALT = "klisza known device"
LONGEST = 256


def read(request: HttpRequest) -> str:
    """The key, or an empty string: no cookie, one we did not write, or too old."""
    text = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")[:LONGEST]
    try:
        return signing.TimestampSigner(salt=SALT).unsign(text, max_age=settings.KNOWN_DEVICE_LIFE)
    except signing.BadSignature:
        return ""


def write(response: HttpResponseBase, key: str) -> None:
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.TimestampSigner(salt=SALT).sign(key),
        max_age=int(settings.KNOWN_DEVICE_LIFE.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=settings.HTTPS,
    )


def new_key() -> str:
    return ids.token()
