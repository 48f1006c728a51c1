"""What the page's script needs to decide as the server does, and what a faulty page lists at its top."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from klisza.questionnaires import reciting, wording
from klisza.questionnaires.fields import kind_of, name_of
from klisza.questionnaires.queries import Snapshot
from klisza.standards.questionnaire import logic
from klisza.standards.questionnaire.calculate import quantity_unit
from klisza.standards.questionnaire.model import Item
from klisza.standards.questionnaire.paths import Path

from .page import Block


@dataclass(frozen=True)
class Problem:
    """text: what is wrong, with the question in front."""

    anchor: str
    text: str


def problems(blocks: Sequence[Block]) -> list[Problem]:
    """Of all blocks, in the order of the page."""
    found: list[Problem] = []
    for block in blocks:
        if block.error or block.clash:
            text = wording.joined(block.label, block.error or block.clash)
            found.append(Problem(block.first_id, text))
        for part in block.parts:
            found += problems(part.blocks)
    return found


def for_script(there: Snapshot, places: Iterable[tuple[Item, Path]]) -> dict[str, Any]:
    """rules: logic.plan of the whole form. answers: of all places. fields: how the controls of this page are read."""
    return {
        "rules": logic.plan(there.definition, there.answers, patient=there.patient),
        "answers": there.answers,
        "fields": {str(path): _field(item, path) for item, path in places if not item.hidden},
    }


def _field(item: Item, path: Path) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name_of(item, path.at), "kind": item.type}
    if item.is_question and not item.read_only and not item.calculated and item.type != "attachment":
        made["control"] = kind_of(item)
        if item.options:
            made["options"] = [one.answer for one in item.options]
        units = item.units or ((item.unit,) if item.unit else ())
        if item.type == "quantity":
            made["units"] = [quantity_unit(one) for one in units]
            made["choose"] = bool(item.units)
    return made


def after_saving(there: Snapshot, places: Iterable[tuple[Item, Path]]) -> dict[str, Any]:
    """Calculated values in words and as answers, and the rules, which an expression may have changed."""
    worked_out = [(item, str(path)) for item, path in places if item.calculated and not item.hidden]
    every = {path: value for path, value in there.answers.items() if _is_calculated(there, path)}
    made: dict[str, Any] = {
        "calculated": {
            path: ", ".join(reciting.in_words(item, one) for one in there.answers.get(path, ()))
            for item, path in worked_out
        },
        "answers": every,
    }
    if any(one.enable_expression for one in there.definition.walk()):
        made["rules"] = logic.plan(there.definition, there.answers, patient=there.patient)
    return made


def _is_calculated(there: Snapshot, path: str) -> bool:
    item, _place = there.definition.place(path)
    return bool(item.calculated)
