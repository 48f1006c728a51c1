"""Walking a form with its repeated groups as they stand now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .model import MOST_INSTANCES, Definition, Item
from .paths import Answers, Path


def instances(item: Item, at: tuple[int, ...], answers: Answers) -> list[int]:
    """Numbers of a repeating group's instances at one place; the first is there without being added."""
    listed = answers.get(str(Path(item.link_id, at)))
    found = [one["instance"] for one in listed or () if isinstance(one.get("instance"), int)]
    return found[:MOST_INSTANCES] or [0]


def children_at(item: Item, at: tuple[int, ...], answers: Answers) -> Iterator[tuple[int, ...]]:
    """The `at` of what stands in an item: once, or once in each instance of a repeating group."""
    if not item.is_loop:
        yield at
        return
    for number in instances(item, at, answers):
        yield (*at, number)


def walk(definition: Definition, answers: Answers) -> Iterator[tuple[Item, Path]]:
    """Every place in the order of the form, groups before what they hold."""
    yield from _walk(definition.items, (), answers)


def _walk(items: Iterable[Item], at: tuple[int, ...], answers: Answers) -> Iterator[tuple[Item, Path]]:
    for item in items:
        yield item, Path(item.link_id, at)
        for inside in children_at(item, at, answers):
            yield from _walk(item.children, inside, answers)
