"""Finding one of 2,000 examinations: one light query, then words compared without case and diacritics."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet

from klisza.base import clock

from . import identity, kinds
from .models import Examination


class _Line(NamedTuple):
    pk: uuid.UUID
    kind: str
    title: str
    place: str
    performed_at: datetime


@dataclass(frozen=True)
class Found:
    """ids: newest first; kinds, years, total: of everything visible, for the filters."""

    ids: list[uuid.UUID]
    kinds: list[kinds.Kind]
    years: list[int]
    total: int


def search(
    examinations: QuerySet[Examination], *, kind: str = "", year: int | None = None, words: str = ""
) -> Found:
    """words: all of them must occur in kind, name, place or date (23.11.2026), in the reader's language."""
    columns = examinations.order_by("-performed_at", "-id").values_list(*_Line._fields)
    lines = [_Line(*row) for row in columns]
    wanted = identity.fold(words).split()
    hits = [line.pk for line in lines if _fits(line, kind, year, wanted)]
    codes = {line.kind for line in lines}
    years = sorted({clock.local_date(line.performed_at).year for line in lines}, reverse=True)
    return Found(hits, [one for one in kinds.ALL if one.code in codes], years, len(lines))


def _fits(line: _Line, kind: str, year: int | None, words: list[str]) -> bool:
    day = clock.local_date(line.performed_at)
    if (kind and line.kind != kind) or (year and day.year != year):
        return False
    known = kinds.get(line.kind)
    text = identity.fold(f"{known.label} {known.name} {line.title} {line.place} {day:%d.%m.%Y}")
    return all(word in text for word in words)
