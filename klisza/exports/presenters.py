"""What the pages of a copy say."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override, pgettext

from klisza.base import clock
from klisza.examinations.models import Examination

from .handing import COOKIE
from .models import Export
from .options import Options

PASSWORD_TEXT = _(
    "Remember this password, because only with it can the file with the downloaded examination be opened later."
)


def page(export: Export, key: str) -> dict[str, Any]:
    """key: of the cookie that asked; it stands in the command that goes on with a download."""
    return {
        "export": export,
        "is_new": export.stream == 0,
        "is_ready": export.state == Export.State.READY,
        "file_url": reverse("exports:file", args=[export.pk]),
        "back_url": way_back(export),
        "command": command(export, key),
        "encrypted": bool(export.password),
        "minutes": settings.EXPORT_LIFE_MINUTES,
    }


def progress(export: Export) -> dict[str, Any]:
    """The JSON of static/exports/copy.js."""
    return {
        "state": export.state,
        "outcome": export.outcome,
        "prepared": export.prepared,
        "pictures": export.pictures,
        "sent": export.sent,
        "size": export.size,
        "running": export.finished_at is None and export.stream > 0,
    }


def command(export: Export, key: str) -> str:
    """Every part is of ours: letters, digits, dashes and slashes."""
    address = settings.PUBLIC_URL + reverse("exports:file", args=[export.pk])
    return f"curl -f -C - -b '{COOKIE}={key}' -o {file_name(export)} {address}"


def address(export: Export) -> str:
    return reverse("exports:copy", args=[export.pk])


def way_back(export: Export) -> str:
    if export.viewer["back"]:
        return str(export.viewer["back"])
    if len(export.examinations) == 1:
        return reverse("examinations:detail", args=export.examinations)
    return reverse("examinations:list")


def file_name(export: Export) -> str:
    """A word of ours and a date: ASCII, and nothing about the person or the kind of examination (R33)."""
    with override(Options.of(export.options).language):
        word = pgettext("file name", "examination")
    day = export.started_at
    if len(export.examinations) == 1:
        found = Examination.objects.filter(pk=export.examinations[0]).first()
        day = found.performed_at if found else day
    return f"{word}-{clock.local_date(day).isoformat()}.zip"
