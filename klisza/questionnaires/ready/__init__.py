"""Questionnaires to begin with, in Polish with English and Ukrainian. A hospital adapts them to its own rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NAMES: dict[str, str | Promise] = {
    "empty": _("an empty page"),
    "mri-safety": _("MRI safety"),
    "contrast": _("Contrast medium"),
    "pregnancy": _("Pregnancy"),
    "prior-therapy": _("Earlier treatment and examinations"),
}
HERE = Path(__file__).parent


def choices() -> list[tuple[str, str | Promise]]:
    return list(NAMES.items())


def resource(start: str, *, title: str, language: str) -> dict[str, Any]:
    """A fresh copy of the template; an empty questionnaire for "empty"."""
    if start in NAMES and start != "empty":
        found: dict[str, Any] = json.loads((HERE / f"{start}.json").read_text(encoding="utf-8"))
        return found
    return {
        "resourceType": "Questionnaire", "language": language, "title": title, "status": "draft",
        "subjectType": ["Patient"], "item": [],
    }  # fmt: skip
