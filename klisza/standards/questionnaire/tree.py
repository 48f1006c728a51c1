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
            if item.is_series:
                made += self._series(item, at)
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

    def _series(self, item: Item, at: tuple[int, ...]) -> list[dict[str, Any]]:
        """One item; below each answer what was asked about it. No answer at all: as a question without one."""
        question = item.children[0]
        found: list[tuple[list[Answer], list[dict[str, Any]]]] = []
        for inside in children_at(item, at, self.answers):
            path = str(Path(question.link_id, inside))
            if self.counts(path):
                said = [dict(one) for one in self.answers.get(path, ())][:1]
                found.append((said, self.of(question.children, inside)))
        made = _head(question)
        if any(said for said, _below in found) or len(found) > 1:
            answers = [
                (said[0] if said else {}) | ({"item": below} if below else {})
                for said, below in found
                if said or (below and not self.empty)
            ]
            return [made | {"answer": answers}] if answers else ([made] if self.empty else [])
        below = found[0][1] if found else []
        return [made | ({"item": below} if below else {})] if below or self.empty else []

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
