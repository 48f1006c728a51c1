"""How an item becomes a control, and what its controls are called in the form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from klisza.standards.questionnaire.model import CHOICES, Item
from klisza.standards.questionnaire.paths import Answer

FEW = 7  # more options than this become a list to pull down
OTHER = "other"  # value of "something else" of an open choice


def name_of(item: Item, at: tuple[int, ...]) -> str:
    """Of the place's controls, and the stem of their ids: no linkId, which may be anything."""
    return "-".join(str(one) for one in (f"f{item.number}", *at))


def kind_of(item: Item) -> str:
    """Which of the templates under questionnaires/fields/ draws it."""
    if item.type in CHOICES or (item.options and item.is_question):
        if not item.options:
            return "line"
        if item.repeats:
            return "checks"
        return "radios" if item.control == "radio-button" or _is_short(item) else "select"
    return {
        "boolean": "radios", "string": "line", "url": "line", "text": "text", "integer": "number",
        "decimal": "number", "quantity": "quantity", "date": "date", "dateTime": "date", "time": "time",
        "attachment": "attachment", "group": "group", "display": "display",
    }[item.type]  # fmt: skip


def _is_short(item: Item) -> bool:
    return len(item.options) <= FEW and item.control not in ("drop-down", "autocomplete")


def is_many(item: Item) -> bool:
    """Several controls of the same name, one for each answer."""
    return item.repeats and kind_of(item) in ("line", "text", "number", "quantity", "date", "time")


def mark(said: Sequence[Answer]) -> str:
    """Tells whether a control still says what it said when the page was made."""
    text = json.dumps(list(said), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
