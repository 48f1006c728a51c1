"""calculatedExpression and initialExpression (FHIRPath)."""

from __future__ import annotations

from typing import Any

from .model import Definition
from .paths import Answer, Answers


def calculated(definition: Definition, answers: Answers) -> dict[str, list[Answer]]:
    """Answers with all calculated values in place of what stood there."""
    raise NotImplementedError


def initials(definition: Definition, *, patient: dict[str, Any] | None = None) -> dict[str, list[Answer]]:
    """What stands in the form before anybody answers. patient: FHIR Patient, for initialExpression."""
    raise NotImplementedError
