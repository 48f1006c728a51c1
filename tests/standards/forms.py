"""Small questionnaires for tests."""

from __future__ import annotations

from typing import Any

from klisza.standards.questionnaire.extensions import FHIR


def question(link_id: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"linkId": link_id, "type": kind, "text": f"Question {link_id}"} | more


def form(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Questionnaire", "title": "Test", "status": "active", "item": list(items)} | more


def when(asked: str, operator: str = "exists", **answer: Any) -> dict[str, Any]:
    """One condition; without an answer: asked has been answered."""
    return {"question": asked, "operator": operator} | (answer or {"answerBoolean": True})


def coding(code: str) -> dict[str, Any]:
    return {"system": "urn:test", "code": code, "display": code.upper()}


def choice(link_id: str, *codes: str, **more: Any) -> dict[str, Any]:
    return question(link_id, "choice", answerOption=[{"valueCoding": coding(code)} for code in codes], **more)


def said_of(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """An extension of the standard on an item."""
    return {"url": FHIR + name} | value


def variable(link_id: str) -> dict[str, Any]:
    """%link_id is the answer of that question."""
    told = f"%resource.item.where(linkId='{link_id}').answer.value"
    return said_of(
        "variable", {"valueExpression": {"name": link_id, "language": "text/fhirpath", "expression": told}}
    )
