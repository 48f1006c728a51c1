"""Which answers staff must see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import extensions as ext
from . import logic
from .errors import Refused
from .model import Definition, FlagRule, Item
from .paths import Answers
from .places import walk
from .values import same

# On an item, repeatable: {"url": URL, "extension": [{"url": "when", "value[x]": ...}, {"url": "text", "valueString":
# ...}, {"url": "severity", "valueCode": "info|warning|danger"}]}; without "when" any answer raises it.
URL = ext.OURS + "flag"
SEVERITIES = ("danger", "warning", "info")


@dataclass(frozen=True)
class Raised:
    link_id: str
    text: str
    severity: str


def rules(link_id: str, raw: dict[str, Any]) -> tuple[FlagRule, ...]:
    """Raises Refused."""
    found = []
    for one in ext.every(raw, URL):
        told = ext.parts(one) if isinstance(one, dict) else {}
        severity = str(told.get("severity", {}).get("valueCode", "warning"))
        text = str(told.get("text", {}).get("valueString", ""))
        if severity not in SEVERITIES or not text.strip():
            raise Refused(link_id, "a flag needs a text and the severity info, warning or danger")
        when = ext.answer_of(told.get("when", {}))
        found.append(FlagRule(when or None, text[:500], severity))
    return tuple(found)


def raised(
    definition: Definition, answers: Answers, *, patient: dict[str, Any] | None = None
) -> list[Raised]:
    """The gravest first; each rule once, however often its item is repeated."""
    there = logic.enabled(definition, answers, patient=patient)
    found: dict[Raised, None] = {}
    for item, path in walk(definition, answers):
        if item.flags and str(path) in there:
            found |= dict.fromkeys(_of(item, list(answers.get(str(path), ()))))
    return sorted(found, key=lambda one: SEVERITIES.index(one.severity))


def _of(item: Item, said: list[dict[str, Any]]) -> list[Raised]:
    return [
        Raised(item.link_id, rule.text, rule.severity)
        for rule in item.flags
        if any(rule.answer is None or same(one, rule.answer) for one in said)
    ]
