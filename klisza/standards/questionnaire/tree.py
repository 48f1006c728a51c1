"""Answers as the items of a QuestionnaireResponse."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .model import Definition, Item
from .paths import Answer, Answers, Path
from .places import children_at


def items(
    definition: Definition, answers: Answers, *, counts: Callable[[str], bool], empty: bool = False
) -> list[dict[str, Any]]:
    """counts: whether a path is to be in it. empty: keep items without answers, for expressions to stand on."""
    return _Tree(answers, counts, empty).of(definition.items, ())


class _Tree:
    def __init__(self, answers: Answers, counts: Callable[[str], bool], empty: bool) -> None:
        self.answers, self.counts, self.empty = answers, counts, empty

    def of(self, some: Iterable[Item], at: tuple[int, ...]) -> list[dict[str, Any]]:
        made = []
        for item in some:
            if item.type == "display" or not self.counts(str(Path(item.link_id, at))):
                continue
            made += self._group(item, at) if item.type == "group" else self._question(item, at)
        return made

    def _group(self, item: Item, at: tuple[int, ...]) -> list[dict[str, Any]]:
        made = []
        for inside in children_at(item, at, self.answers):
            below = self.of(item.children, inside)
            if below or self.empty:
                made.append(_head(item) | {"item": below})
        return made

    def _question(self, item: Item, at: tuple[int, ...]) -> list[dict[str, Any]]:
        said: list[Answer] = [dict(one) for one in self.answers.get(str(Path(item.link_id, at)), ())]
        below = self.of(item.children, at)
        one = _head(item)
        if said:
            # What was asked about an answer stands beneath the first of several (qrs-1).
            said[0] |= {"item": below} if below else {}
            one["answer"] = said
        elif below:
            one["item"] = below
        return [one] if said or below or self.empty else []


def _head(item: Item) -> dict[str, Any]:
    return {"linkId": item.link_id} | ({"text": item.text} if item.text else {})
