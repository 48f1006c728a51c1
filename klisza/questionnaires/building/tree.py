"""Where items stand, and moving them without a mouse: up, down, into the group before, out of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from klisza.base.errors import NotFound

from .fhir import control_of

Item = dict[str, Any]
DEEPEST = 6
MOST_ITEMS = 500


@dataclass(frozen=True)
class Row:
    """number: as people count, "2.1". depth: from 0."""

    place: str
    number: str
    depth: int
    item: Item
    is_first: bool
    is_last: bool
    group_before: bool


def rows(definition: Item) -> list[Row]:
    """All items in their order. Texts of help belong to the item they stand in and have no row."""
    return list(_rows(definition.get("item", []), (), ()))


def _rows(items: list[Item], path: tuple[int, ...], numbers: tuple[int, ...]) -> Iterator[Row]:
    shown = [index for index, item in enumerate(items) if not is_help(item)]
    for count, index in enumerate(shown, 1):
        here, number = (*path, index), (*numbers, count)
        before = items[shown[count - 2]] if count > 1 else None
        yield Row(
            place=".".join(map(str, here)), number=".".join(map(str, number)), depth=len(path),
            item=items[index], is_first=count == 1, is_last=count == len(shown),
            group_before=bool(before and before.get("type") == "group"),
        )  # fmt: skip
        yield from _rows(items[index].get("item", []), here, number)


def is_help(item: Item) -> bool:
    return item.get("type") == "display" and control_of(item) == "help"


def at(definition: Item, place: str) -> Item:
    """Raises NotFound."""
    siblings, index = _siblings(definition, place)
    return siblings[index]


def walk(definition: Item) -> Iterator[Item]:
    """Every item, groups before what they hold, helps too."""
    for item in definition.get("item", []):
        yield item
        yield from walk(item)


def add(definition: Item, item: Item, *, after: str = "") -> str:
    """Behind that item; into it when it is a group; without one at the end. Returns its place."""
    if not after:
        siblings, path = definition.setdefault("item", []), ""
        siblings.append(item)
        return str(len(siblings) - 1)
    siblings, index = _siblings(definition, after)
    path = after.rpartition(".")[0]
    if siblings[index].get("type") == "group":
        inner = siblings[index].setdefault("item", [])
        inner.append(item)
        return f"{after}.{len(inner) - 1}"
    siblings.insert(index + 1, item)
    return f"{path}.{index + 1}" if path else str(index + 1)


def remove(definition: Item, place: str) -> Item:
    siblings, index = _siblings(definition, place)
    return siblings.pop(index)


def double(definition: Item, place: str) -> str:
    """A copy behind it, with link ids of its own; conditions inside the copy follow to their copies."""
    siblings, index = _siblings(definition, place)
    twin = copy.deepcopy(siblings[index])
    names: dict[str, str] = {}
    taken = {str(one.get("linkId", "")) for one in walk(definition)}
    for one in (twin, *walk(twin)):
        names[str(one.get("linkId", ""))] = one["linkId"] = _free(taken)
        taken.add(one["linkId"])
    for one in (twin, *walk(twin)):
        for condition in one.get("enableWhen", []):
            condition["question"] = names.get(condition.get("question"), condition.get("question"))
    siblings.insert(index + 1, twin)
    head = place.rpartition(".")[0]
    return f"{head}.{index + 1}" if head else str(index + 1)


def new_link_id(definition: Item) -> str:
    return _free({str(one.get("linkId", "")) for one in walk(definition)})


def move(definition: Item, place: str, way: str) -> str:
    """way: up | down | into | out. Returns the new place; the old one where there is no way."""
    return {"up": _up, "down": _down, "into": _into, "out": _out}[way](definition, place)


def _up(definition: Item, place: str) -> str:
    siblings, index = _siblings(definition, place)
    before = [one for one in range(index) if not is_help(siblings[one])]
    return _swap(siblings, index, before[-1], place) if before else place


def _down(definition: Item, place: str) -> str:
    siblings, index = _siblings(definition, place)
    behind = [one for one in range(index + 1, len(siblings)) if not is_help(siblings[one])]
    return _swap(siblings, index, behind[0], place) if behind else place


def _swap(siblings: list[Item], index: int, other: int, place: str) -> str:
    siblings[index], siblings[other] = siblings[other], siblings[index]
    head = place.rpartition(".")[0]
    return f"{head}.{other}" if head else str(other)


def _into(definition: Item, place: str) -> str:
    siblings, index = _siblings(definition, place)
    before = [one for one in range(index) if not is_help(siblings[one])]
    if not before or siblings[before[-1]].get("type") != "group" or place.count(".") + 1 >= DEEPEST:
        return place
    item = siblings.pop(index)
    head = place.rpartition(".")[0]
    group = f"{head}.{before[-1]}" if head else str(before[-1])
    inner = siblings[before[-1]].setdefault("item", [])
    inner.append(item)
    return f"{group}.{len(inner) - 1}"


def _out(definition: Item, place: str) -> str:
    head = place.rpartition(".")[0]
    if not head:
        return place
    item = remove(definition, place)
    siblings, index = _siblings(definition, head)
    if not siblings[index].get("item"):
        siblings[index].pop("item", None)
    siblings.insert(index + 1, item)
    above = head.rpartition(".")[0]
    return f"{above}.{index + 1}" if above else str(index + 1)


def _siblings(definition: Item, place: str) -> tuple[list[Item], int]:
    items: list[Item] = definition.get("item", [])
    *groups, last = _numbers(place)
    for number in groups:
        items = _known(items, number).get("item", [])
    _known(items, last)
    return items, last


def _known(items: list[Item], number: int) -> Item:
    if number >= len(items):
        raise NotFound
    return items[number]


def _numbers(place: str) -> list[int]:
    parts = place.split(".")
    if len(parts) > 2 * DEEPEST or not all(one.isascii() and one.isdigit() and len(one) < 5 for one in parts):
        raise NotFound
    return [int(one) for one in parts]


def _free(taken: set[str]) -> str:
    number = len(taken) + 1
    while f"q{number}" in taken:
        number += 1
    return f"q{number}"
