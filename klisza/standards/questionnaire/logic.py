"""enableWhen: which places of the form are asked."""

from __future__ import annotations

from typing import Any

from . import tree
from .fhirpath import Evaluator
from .model import Condition, Definition, Item
from .paths import Answer, Answers, Path
from .places import instances, walk
from .values import order, same

COMPARED = {
    ">": lambda sign: sign > 0,
    "<": lambda sign: sign < 0,
    ">=": lambda sign: sign >= 0,
    "<=": lambda sign: sign <= 0,
}


def enabled(definition: Definition, answers: Answers, *, patient: dict[str, Any] | None = None) -> set[str]:
    """Paths of all items that count, given the answers; those of disabled items count for nothing."""
    by_conditions = _State(definition, answers)
    found = by_conditions.all()
    if not any(one.enable_expression for one in definition.walk()):
        return found
    # An expression sees the form as the conditions alone leave it.
    refused = _refused_by_expressions(definition, answers, found, patient)
    return _State(definition, answers, refused=refused).all()


def kept(
    definition: Definition, answers: Answers, *, patient: dict[str, Any] | None = None
) -> dict[str, list[Answer]]:
    """The answers that stand at enabled places: all that may ever be stored for good."""
    there = enabled(definition, answers, patient=patient)
    return {path: [dict(one) for one in value] for path, value in answers.items() if path in there and value}


class _State:
    def __init__(
        self, definition: Definition, answers: Answers, refused: frozenset[str] = frozenset()
    ) -> None:
        self.definition, self.answers, self.refused = definition, answers, refused
        self.known: dict[str, bool] = {}

    def all(self) -> set[str]:
        return {
            str(path) for item, path in walk(self.definition, self.answers) if self.is_enabled(item, path.at)
        }

    def is_enabled(self, item: Item, at: tuple[int, ...]) -> bool:
        path = str(Path(item.link_id, at))
        if path not in self.known:
            self.known[path] = path not in self.refused and self._around(item, at) and self._holds(item, at)
        return self.known[path]

    def _around(self, item: Item, at: tuple[int, ...]) -> bool:
        if not item.ancestors:
            return True
        group = self.definition.by_link[item.ancestors[-1]]
        return self.is_enabled(group, at[: len(group.loops)])

    def _holds(self, item: Item, at: tuple[int, ...]) -> bool:
        if not item.conditions:
            return True
        met = (self._met(item, at, condition) for condition in item.conditions)
        return all(met) if item.all_conditions else any(met)

    def _met(self, item: Item, at: tuple[int, ...], condition: Condition) -> bool:
        asked = self.definition.by_link[condition.question]
        said = [
            one
            for place in self._meant(item, at, asked)
            if self.is_enabled(asked, place)
            for one in self.answers.get(str(Path(asked.link_id, place)), ())
        ]
        return holds(condition, said)

    def rule(self, item: Item, at: tuple[int, ...]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if item.ancestors:
            group = self.definition.by_link[item.ancestors[-1]]
            made["in"] = str(Path(group.link_id, at[: len(group.loops)]))
        if item.conditions:
            made["all"] = item.all_conditions
            made["when"] = [
                [self._asked_at(item, at, one), one.operator, one.answer] for one in item.conditions
            ]
        return made

    def _asked_at(self, item: Item, at: tuple[int, ...], condition: Condition) -> str | list[str]:
        asked = self.definition.by_link[condition.question]
        paths = [str(Path(asked.link_id, place)) for place in self._meant(item, at, asked)]
        return paths[0] if len(paths) == 1 else paths

    def _meant(self, item: Item, at: tuple[int, ...], asked: Item) -> list[tuple[int, ...]]:
        """Which occurrence of a question a condition means: in the same group, else the last before, else the first
        after (R4, enableWhen.question). Of a question with several answers all of them, unless it is asked about one.
        """
        places: list[tuple[int, ...]] = [()]
        for depth, loop in enumerate(asked.loops):
            if depth < len(item.loops) and item.loops[: depth + 1] == asked.loops[: depth + 1]:
                places = [(*place, at[depth]) for place in places]
                continue
            group = self.definition.by_link[loop]
            places = [
                (*place, number) for place in places for number in self._numbers(group, place, asked, item)
            ]
        return places

    def _numbers(self, group: Item, place: tuple[int, ...], asked: Item, item: Item) -> list[int]:
        there = instances(group, place, self.answers)
        if group.is_series:
            return there
        return there[-1:] if asked.number < item.number else there[:1]


def plan(
    definition: Definition, answers: Answers, *, patient: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The conditions of every place as plain JSON, for a script that decides the same without asking again.

    {path: {"in": path of what is around it, "all": bool, "when": [[path or paths asked, operator, answer]]}}; "never" instead
    of conditions where an expression has refused it. Holds as long as no instance is added or removed.
    """
    state = _State(definition, answers)
    refused: frozenset[str] = frozenset()
    if any(one.enable_expression for one in definition.walk()):
        refused = _refused_by_expressions(definition, answers, state.all(), patient)
    return {
        str(path): state.rule(item, path.at) | ({"never": True} if str(path) in refused else {})
        for item, path in walk(definition, answers)
    }


def holds(condition: Condition, said: list[Answer]) -> bool:
    """Whether one condition is met by the answers of its question."""
    if condition.operator == "exists":
        return bool(said) == condition.answer["valueBoolean"]
    if condition.operator == "=":
        return any(same(one, condition.answer) for one in said)
    if condition.operator == "!=":
        return not any(same(one, condition.answer) for one in said)
    signs = (order(one, condition.answer) for one in said)
    return any(sign is not None and COMPARED[condition.operator](sign) for sign in signs)


def _refused_by_expressions(
    definition: Definition, answers: Answers, there: set[str], patient: dict[str, Any] | None
) -> frozenset[str]:
    response = {
        "resourceType": "QuestionnaireResponse",
        "item": tree.items(definition, answers, counts=there.__contains__, empty=True),
    }
    ask = Evaluator(definition, response, patient)
    return frozenset(
        str(path)
        for item, path in walk(definition, answers)
        if item.enable_expression and ask.of(item, {"linkId": item.link_id}, item.enable_expression) != [True]
    )
