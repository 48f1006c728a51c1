"""calculatedExpression and initialExpression (FHIRPath)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from . import logic, tree
from .fhirpath import Evaluator
from .model import Definition, Item
from .paths import Answer, Answers
from .places import walk
from .values import has_type, is_number, same

ROUNDS = 5  # a calculated value may stand in another one's expression


def calculated(
    definition: Definition, answers: Answers, *, patient: dict[str, Any] | None = None
) -> dict[str, list[Answer]]:
    """Answers with all calculated values in place of what stood there."""
    found = {path: [dict(one) for one in value] for path, value in answers.items()}
    if not any(one.calculated for one in definition.walk()):
        return found
    for _round in range(ROUNDS):
        before = dict(found)
        found |= _values(definition, found, patient)
        if found == before:
            break
    return found


def _values(
    definition: Definition, answers: Answers, patient: dict[str, Any] | None
) -> dict[str, list[Answer]]:
    there = logic.enabled(definition, answers, patient=patient)
    response = {
        "resourceType": "QuestionnaireResponse",
        "item": tree.items(definition, answers, counts=there.__contains__, empty=True),
    }
    ask = Evaluator(definition, response, patient)
    return {
        str(path): as_answers(item, ask.of(item, {"linkId": item.link_id}, item.calculated))
        for item, path in walk(definition, answers)
        if item.calculated
    }


def initials(
    definition: Definition, answers: Answers | None = None, *, patient: dict[str, Any] | None = None
) -> dict[str, list[Answer]]:
    """What stands in the form where nobody has answered. patient: FHIR Patient, for initialExpression.

    answers: which instances of repeated groups there are; a place that has a row in it keeps that, also an empty one.
    """
    response: dict[str, Any] = {"resourceType": "QuestionnaireResponse", "item": []}
    ask = Evaluator(definition, response, patient)
    found: dict[str, list[Answer]] = {}
    for item, path in walk(definition, answers or {}):
        if answers and str(path) in answers:
            continue
        first = initial_of(item)
        if not first and item.initial_expression:
            first = as_answers(item, ask.of(item, {"linkId": item.link_id}, item.initial_expression))
        if first:
            found[str(path)] = first
    return found


def initial_of(item: Item) -> list[Answer]:
    """`initial`, else the options that are marked as selected beforehand."""
    return [dict(one) for one in item.initial] or [dict(one.answer) for one in item.options if one.initial]


def as_answers(item: Item, values: list[Any]) -> list[Answer]:
    """What an expression gave, as answers of the item's type; what does not fit is left out."""
    made = [one for one in (_answer(item, value) for value in values) if one and has_type(item.type, one)]
    return made if item.repeats else made[:1]


def _answer(item: Item, value: Any) -> Answer | None:
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if item.options:
        return _chosen(item, value)
    if item.type == "quantity" and is_number(value):
        unit = item.unit or (item.units[0] if item.units else None) or {}
        return {"valueQuantity": {"value": value} | quantity_unit(unit)}
    if item.type == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)
    keys = {
        "boolean": "valueBoolean", "integer": "valueInteger", "decimal": "valueDecimal", "string": "valueString",
        "text": "valueString", "date": "valueDate", "dateTime": "valueDateTime", "time": "valueTime",
        "url": "valueUri", "quantity": "valueQuantity", "choice": "valueCoding", "open-choice": "valueString",
    }  # fmt: skip
    if item.type not in keys:
        return None
    if item.type in ("date", "dateTime", "time"):
        value = str(value).removeprefix("@").removeprefix("T")
    return {keys[item.type]: value}


def _chosen(item: Item, value: Any) -> Answer | None:
    """An expression names an option by its Coding, its code or its text."""
    for option in item.options:
        coding = option.answer.get("valueCoding")
        if isinstance(value, dict):
            if coding and same({"valueCoding": value}, option.answer):
                return dict(option.answer)
        elif value in ((coding or {}).get("code"), option.label) or [value] == list(option.answer.values()):
            return dict(option.answer)
    return {"valueString": value} if item.type == "open-choice" and isinstance(value, str) else None


def quantity_unit(coding: dict[str, Any]) -> dict[str, Any]:
    """The unit of a Quantity from the Coding that offered it."""
    made = {"unit": coding.get("display") or coding.get("code")}
    return made | {key: coding[key] for key in ("system", "code") if coding.get(key)}
