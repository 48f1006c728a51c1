"""FHIR's codes as staff call them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Choice = tuple[str, str | Promise]
TYPES: tuple[Choice, ...] = (
    ("choice", _("choice from a list")),
    ("boolean", _("yes or no")),
    ("string", _("short text")),
    ("text", _("long text")),
    ("integer", _("whole number")),
    ("decimal", _("number")),
    ("quantity", _("number with a unit to choose")),
    ("date", _("date")),
    ("dateTime", _("date and time")),
    ("time", _("time of day")),
    ("open-choice", _("choice from a list, or own words")),
    ("attachment", _("file")),
    ("url", _("web address")),
    ("group", _("group of questions, or a page")),
    ("display", _("text to read")),
)
NAMES = dict(TYPES)
OPERATORS: tuple[Choice, ...] = (
    ("=", _("is")), ("!=", _("is not")), (">", _("is more than")), ("<", _("is less than")),
    (">=", _("is at least")), ("<=", _("is at most")), ("exists", _("is answered (yes or no)")),
)  # fmt: skip
