from __future__ import annotations

from collections.abc import Sequence

from klisza.base.errors import Refused
from klisza.standards.questionnaire.validate import Fault


class SurveyClosed(Refused):
    """Withdrawn, expired or answered: nothing is changed any more (R57)."""

    status = 409


class AlreadySent(SurveyClosed):
    """A second completion; the first one stands."""


class AnswersChanged(Refused):
    """Since the summary was shown, another device has changed an answer."""

    status = 409


class NotAnswered(Refused):
    """faults: what has to be put right before it can be handed over."""

    def __init__(self, faults: Sequence[Fault], sentence: str = "") -> None:
        super().__init__(sentence)
        self.faults = tuple(faults)
