"""Requests: asked, withdrawn, reminded of, expired."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from klisza.audit.actor import Actor
from klisza.examinations.models import Order
from klisza.patients.models import Patient
from klisza.patients.viewer import Viewer
from klisza.questionnaires.models import Questionnaire, QuestionnaireVersion, SurveyRequest


def ask(
    *,
    patients: Iterable[Patient],
    version: QuestionnaireVersion,
    order: Order | None = None,
    message: str = "",
    due_at: datetime | None = None,
    by: Actor,
) -> list[SurveyRequest]:
    """One request per person, and a mail with a link to everybody who can sign in (S43)."""
    raise NotImplementedError


def start_standing(*, viewer: Viewer, questionnaire: Questionnaire) -> SurveyRequest:
    """The person begins one that nobody asked for (N20); one that is open already is given back."""
    raise NotImplementedError


def withdraw(*, request: SurveyRequest, reason: str, by: Actor) -> None:
    """Only while it is open. reason: shown to the person. Raises Refused."""
    raise NotImplementedError
