"""What a patient reads about an examination and its reports: on its page, in the viewer, in lists."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import get_language

from . import kinds, queries
from .models import Examination, ProcedureName
from .panes import ReportPane, file_name, pane
from .standing import (
    awaits_visit,
    has_images,
    has_pictures,
    has_report,
    is_planned,
    receiving,
    status,
    why_no_images,
    why_no_report,
)

__all__ = [
    "Card",
    "Clinic",
    "ReportPane",
    "awaits_visit",
    "card",
    "cards",
    "clinic",
    "file_name",
    "has_pictures",
    "heading",
    "pane",
    "receiving",
    "status",
    "why_no_images",
    "why_no_report",
]


@dataclass(frozen=True)
class Card:
    """One examination as a row of the list or the head of its page."""

    id: uuid.UUID
    heading: str
    explanation: str
    performed_at: datetime
    place: str
    status: str
    has_report: bool
    has_images: bool
    is_planned: bool = False


def card(examination: Examination) -> Card:
    return cards([examination])[0]


def cards(examinations: Sequence[Examination]) -> list[Card]:
    names = queries.procedure_names(examinations)
    return [_card(one, names.get(one.procedure_code)) for one in examinations]


def _card(examination: Examination, name: ProcedureName | None) -> Card:
    kind = kinds.get(examination.kind)
    return Card(
        id=examination.pk,
        heading=heading(kind, _in_language(name, "name") or examination.title),
        explanation=str(kind.explanation),
        performed_at=examination.performed_at,
        place=examination.place or settings.HOSPITAL_NAME,
        status=status(examination),
        has_report=has_report(examination),
        has_images=has_images(examination),
        is_planned=is_planned(examination),
    )


def heading(kind: kinds.Kind, title: str = "") -> str:
    """MR – Magnetic resonance imaging.

    The label only where it is an abbreviation the patient hears at the desk, and once.
    """
    name, label = title or str(kind.name), str(kind.label)
    is_said = not label.isupper() or name.casefold().split()[:1] == [label.casefold()]
    return name if is_said else f"{label} – {name}"


@dataclass(frozen=True)
class Clinic:
    """Who ordered it, whom to call, and what happens next."""

    name: str
    telephone: str
    next_step: str


def clinic(examination: Examination) -> Clinic | None:
    ward = queries.ward_of(examination)
    return Clinic(ward.name, ward.telephone, _in_language(ward, "next_step")) if ward else None


def _in_language(row: object | None, field: str) -> str:
    """name_uk for a Ukrainian reader, or what there is in Polish."""
    language = get_language() or settings.LANGUAGE_CODE
    return getattr(row, f"{field}_{language[:2]}", "") or getattr(row, f"{field}_pl", "")
