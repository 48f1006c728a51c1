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
# Refusals of the standard that somebody meets who builds; others are for whoever makes FHIR, and stay English.
REASONS: dict[str, str | Promise] = {
    "there is no question in it": _("there is no question in it"),
    "there is nothing to choose from": _("there is nothing to choose from"),
    "its conditions go round in a circle": _("its conditions go round in a circle"),
    "the expression is not valid FHIRPath": _("the calculation cannot be read as FHIRPath"),
    "minValue is larger than maxValue": _("the most is less than the least"),
    "the initial value is not of the item's type": _("what is filled in already is no answer to it"),
    "a text to read has no answer and holds no items (que-6)": _("a text to read holds no questions"),
}
