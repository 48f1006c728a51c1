"""Examinations for the clinic that releases them."""

from __future__ import annotations

import uuid

from klisza.base.errors import NotFound
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination

from .lists import MOST_ROWS


def held() -> list[Examination]:
    return list(examinations.held_examinations()[:MOST_ROWS])


def examination(examination_id: uuid.UUID) -> Examination:
    """Raises NotFound."""
    found = Examination.objects.select_related("patient").filter(pk=examination_id).first()
    if found is None:
        raise NotFound
    return found
