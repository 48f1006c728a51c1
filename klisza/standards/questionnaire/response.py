"""Answers -> FHIR R4 QuestionnaireResponse."""

from __future__ import annotations

from typing import Any

from . import logic, tree
from .model import Definition
from .paths import Answers


def build(
    definition: Definition,
    answers: Answers,
    *,
    status: str = "completed",
    patient: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """more: top-level elements (identifier, subject, author, authored). Only enabled places are in it.

    `questionnaire` is the canonical of the definition, with its version, when it has one.
    """
    there = logic.enabled(definition, answers, patient=patient)
    canonical = definition.url + (f"|{definition.version}" if definition.version else "")
    head: dict[str, Any] = {"resourceType": "QuestionnaireResponse"}
    if definition.url:
        head["questionnaire"] = canonical
    body = tree.items(definition, answers, counts=there.__contains__)
    return head | {"status": status} | more | ({"item": body} if body else {})
