"""Seeded answers to any questionnaire, also at places that are not asked."""

from __future__ import annotations

import random
from typing import Any

from klisza.standards.questionnaire import tree
from klisza.standards.questionnaire.model import Definition, Item
from klisza.standards.questionnaire.paths import Answer, Path

ANSWERED = 0.65  # of the questions
LIKE_A_CONDITION = 0.6  # of the answers somebody's condition asks for
WORDS = ("", "A", "Anna", "xyz", "2022")


def answers(definition: Definition, seed: int) -> dict[str, list[Answer]]:
    chance = random.Random(seed)
    found: dict[str, list[Answer]] = {}
    _fill(definition, definition.items, (), chance, found)
    return found


def response(definition: Definition, said: dict[str, list[Answer]]) -> dict[str, Any]:
    """Everything, asked or not: what a browser may have sent before a condition changed."""
    return {
        "resourceType": "QuestionnaireResponse",
        "status": "in-progress",
        "item": tree.items(definition, said, counts=lambda _path: True),
    }


def _fill(
    definition: Definition, items: tuple[Item, ...], at: tuple[int, ...], chance: random.Random,
    found: dict[str, list[Answer]],
) -> None:  # fmt: skip
    for item in items:
        path = str(Path(item.link_id, at))
        if item.is_loop:
            found[path] = [{"instance": 0}]
            # LHC-Forms asks once below answers that are chosen from a list.
            most = 1 if item.is_series and item.children[0].options else 2
            for number in range(min(most, chance.choice((1, 1, 2)))):
                inside: dict[str, list[Answer]] = {}
                _fill(definition, item.children, (*at, number), chance, inside)
                answer = str(Path(item.children[0].link_id, (*at, number)))
                if not inside or (
                    item.is_series and answer not in inside
                ):  # an instance without answers leaves no trace in a response
                    break
                found.update(inside)
                if number:
                    found[path].append({"instance": number})
            continue
        is_asked = item.is_question and item.type != "attachment" and not item.calculated
        if is_asked and chance.random() < ANSWERED:
            said = _said(definition, item, chance)
            if said:
                found[path] = said
        if not item.is_question or path in found:  # what hangs on an answer has no place without it
            _fill(definition, item.children, at, chance, found)


def _said(definition: Definition, item: Item, chance: random.Random) -> list[Answer]:
    asked = [
        one.answer
        for other in definition.walk()
        for one in other.conditions
        if one.question == item.link_id and one.operator != "exists"
    ]
    # LHC-Forms cannot read items under one of several answers.
    count = chance.choice((1, 2)) if item.repeats and not item.children else 1
    made = [
        dict(chance.choice(asked)) if asked and chance.random() < LIKE_A_CONDITION else _any(item, chance)
        for _number in range(count)
    ]
    return _distinct([one for one in made if one])


def _distinct(made: list[Answer]) -> list[Answer]:
    return [one for number, one in enumerate(made) if one not in made[:number]]


def _any(item: Item, chance: random.Random) -> Answer:
    if item.options:
        return dict(chance.choice(item.options).answer)
    number = chance.randint(0, 12)
    return {
        "boolean": {"valueBoolean": chance.random() < 0.5},
        "integer": {"valueInteger": number},
        "decimal": {"valueDecimal": number + 0.5},
        "quantity": {"valueQuantity": {"value": number} | _unit(item)},
        "date": {"valueDate": f"2022-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"},
        "dateTime": {"valueDateTime": f"2022-{chance.randint(1, 12):02d}-11T10:30:00Z"},
        "time": {"valueTime": f"{chance.randint(0, 23):02d}:30:00"},
        "url": {"valueUri": "https://example.org/"},
    }.get(item.type) or {"valueString": chance.choice(WORDS) or "B"}


def _unit(item: Item) -> dict[str, str]:
    offered = [*item.units, *([item.unit] if item.unit else [])]
    if not offered:
        return {}
    return {
        "unit": offered[0].get("display") or offered[0].get("code", ""),
        "code": offered[0].get("code", ""),
    }
