"""Surveys in the list, with their states in words (S44)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from klisza.base import clock
from klisza.questionnaires.models import SurveyRequest
from klisza.questionnaires.queries import is_answerable
from klisza.questionnaires.reading import title_of

STATES: dict[str, tuple[str | Promise, str]] = {
    "new": (_("to be answered"), "badge-wait"),
    "begun": (_("begun"), "badge-wait"),
    "answered": (_("sent"), "badge-ok"),
    "incomplete": (_("sent, files are missing"), "badge-wait"),
    "withdrawn": (_("withdrawn by the hospital"), ""),
    "expired": (pgettext_lazy("survey", "time is over"), ""),
}


@dataclass(frozen=True)
class Row:
    """state: one of STATES."""

    id: uuid.UUID
    title: str
    state: str
    asked_at: datetime
    due_at: datetime | None
    completed_at: datetime | None
    is_own: bool
    is_open: bool
    takes_files: bool
    reason: str

    @property
    def state_word(self) -> str:
        return str(STATES[self.state][0])

    @property
    def badge(self) -> str:
        return STATES[self.state][1]


def row(request: SurveyRequest) -> Row:
    completion = getattr(request, "completion", None)
    zone = clock.local_zone()
    return Row(
        id=request.pk,
        title=title_of(request.version, get_language() or ""),
        state=state_of(request),
        asked_at=request.asked_at.astimezone(zone),
        due_at=request.due_at.astimezone(zone) if request.due_at else None,
        completed_at=completion.completed_at.astimezone(zone) if completion else None,
        is_own=request.is_own,
        is_open=is_answerable(request),
        takes_files=request.version.questionnaire.takes_files,
        reason=request.withdrawn_reason,
    )


def state_of(request: SurveyRequest) -> str:
    """Expired counts from the second it is, whether or not a job was there to note it."""
    if request.state != SurveyRequest.State.OPEN:
        return str(request.state)
    if not is_answerable(request):
        return "expired"
    return "begun" if request.begun_at else "new"
