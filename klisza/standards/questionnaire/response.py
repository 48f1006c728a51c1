"""Answers -> FHIR R4 QuestionnaireResponse."""

from __future__ import annotations

from typing import Any

from .model import Definition
from .paths import Answers


def build(
    definition: Definition, answers: Answers, *, status: str = "completed", **more: Any
) -> dict[str, Any]:
    """more: top-level elements (identifier, subject, author, authored, questionnaire). Only enabled places."""
    raise NotImplementedError
