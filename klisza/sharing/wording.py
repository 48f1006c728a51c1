"""With whom somebody shares, in words."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .models import Share


def recipient(share: Share) -> str:
    """For mails and the access log: never the whole address."""
    if share.kind == Share.Kind.INTERNAL:
        return share.unit.name if share.unit else ""
    if share.kind == Share.Kind.SLIP:
        return _("slip with a QR code")
    return masked(share.email)


def full_recipient(share: Share) -> str:
    """For the pages of whoever typed it."""
    return share.email or recipient(share)


def masked(email: str) -> str:
    name, _at, place = email.rpartition("@")
    return f"{name[:1]}***@{place}" if place else ""


def lasts_choices() -> list[tuple[str, str]]:
    """Hours as values."""
    days = sorted({1, 3, 7, 14, 30, 60, 90, settings.SHARE_DAYS, settings.SHARE_DAYS_MOST})
    choices = [("1", _("one hour"))]
    return choices + [
        (str(24 * day), ngettext("%(n)d day", "%(n)d days", day) % {"n": day})
        for day in days
        if day <= settings.SHARE_DAYS_MOST
    ]
