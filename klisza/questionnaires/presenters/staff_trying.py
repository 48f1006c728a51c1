"""The whole form at once with test answers: what would be asked, what is wrong, what staff would be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from klisza.questionnaires.building import answers as words
from klisza.standards.questionnaire import calculate, flags, logic, validate
from klisza.standards.questionnaire.model import Definition, Item
from klisza.standards.questionnaire.paths import Answer, Path
from klisza.standards.questionnaire.values import same, shown

FAULTS = {
    "required": gettext_lazy("must be answered"),
    "type": gettext_lazy("is no answer to this question"),
    "option": gettext_lazy("is not among the answers"),
    "exclusive": gettext_lazy("goes with no other answer"),
    "too_long": gettext_lazy("is too long"),
    "too_small": gettext_lazy("is too small"),
    "too_large": gettext_lazy("is too large"),
    "decimals": gettext_lazy("has too many decimal places"),
    "pattern": gettext_lazy("is not written as asked"),
    "too_few": gettext_lazy("needs more answers"),
    "too_many": gettext_lazy("has too many answers"),
    "unit": gettext_lazy("has a unit that is not offered"),
    "mime": gettext_lazy("is a kind of file that is not taken"),
    "size": gettext_lazy("is too large"),
    "unknown": gettext_lazy("has no place in this form"),
}
TESTED_FILE = {"valueAttachment": {"title": "test.pdf", "contentType": "application/pdf"}}
TEXT_TYPES = frozenset(
    {"string", "text", "url", "integer", "decimal", "quantity", "date", "dateTime", "time"}
)
HINTS = {
    "integer": gettext_lazy("a whole number"),
    "decimal": gettext_lazy("a number"),
    "quantity": gettext_lazy("a number and its unit, such as 70 kg"),
    "date": gettext_lazy("2026-03-21, 2026-03 or 2026"),
    "dateTime": gettext_lazy("2026-03-21"),
    "time": gettext_lazy("14:30"),
}


@dataclass(frozen=True)
class Offered:
    value: str
    label: str
    is_chosen: bool


@dataclass
class Field:
    """One item. kind: group | display | radio | check | text | lines | file | calculated."""

    name: str
    item: Item
    depth: int
    kind: str
    is_asked: bool = True
    value: str = ""
    hint: str = ""
    options: list[Offered] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def level(self) -> int:
        return min(6, 3 + self.depth)


@dataclass(frozen=True)
class Trial:
    fields: list[Field]
    raised: list[flags.Raised]
    asked: int
    hidden: int
    wrong: int


def trial(definition: Definition, data: QueryDict) -> Trial:
    """Of a repeating group the first instance can be tried."""
    said, unreadable = _said(definition, data)
    full = calculate.calculated(definition, said)
    there = logic.enabled(definition, full)
    faults: dict[str, list[str]] = {path: [_("is no answer to this question")] for path in unreadable}
    for fault in validate.check(definition, full):
        sentence = str(FAULTS.get(fault.code, fault.code))
        faults.setdefault(fault.path, []).append(f"{sentence} ({fault.detail})" if fault.detail else sentence)
    made = [_field(item, data, full, there, faults) for item in definition.walk() if not item.hidden]
    questions = [one for one in made if one.item.is_question]
    return Trial(
        made, flags.raised(definition, full), sum(one.is_asked for one in questions),
        sum(not one.is_asked for one in questions), sum(bool(one.faults) for one in made if one.is_asked),
    )  # fmt: skip


def _path(item: Item) -> str:
    return str(Path(item.link_id, (0,) * len(item.loops)))


def _name(item: Item) -> str:
    return f"a{item.number}"


def _field(
    item: Item,
    data: QueryDict,
    said: Mapping[str, Sequence[Answer]],
    there: set[str],
    faults: Mapping[str, list[str]],
) -> Field:
    path, kind = _path(item), _kind(item)
    made = Field(_name(item), item, len(item.ancestors), kind, path in there)
    made.faults = faults.get(path, []) if path in there else []
    made.hint = str(HINTS.get(item.type, ""))
    if kind in ("radio", "check"):
        made.options = _offered(item, said.get(path, ()))
    elif kind == "calculated":
        made.value = ", ".join(shown(one) for one in said.get(path, ()))
    else:
        made.value = str(data.get(_name(item), ""))
    return made


def _kind(item: Item) -> str:
    if item.type in ("group", "display"):
        return item.type
    if item.calculated:
        return "calculated"
    if item.type == "boolean" or (item.options and not item.repeats):
        return "radio"
    if item.options:
        return "check"
    if item.type == "attachment":
        return "file"
    return "lines" if item.repeats or item.type == "text" else "text"


def _offered(item: Item, said: Sequence[Answer]) -> list[Offered]:
    if item.type == "boolean":
        pairs: list[tuple[str, Answer]] = [
            (_("yes"), {"valueBoolean": True}),
            (_("no"), {"valueBoolean": False}),
        ]
    else:
        pairs = [(one.label, one.answer) for one in item.options]
    return [
        Offered(str(number), label, any(same(answer, one) for one in said))
        for number, (label, answer) in enumerate(pairs)
    ]


def _said(definition: Definition, data: QueryDict) -> tuple[dict[str, list[Answer]], list[str]]:
    """(answers, places where the words are none)."""
    said: dict[str, list[Answer]] = {}
    unreadable = []
    for item in definition.walk():
        if not item.is_question or item.calculated:
            continue
        try:
            found = _of_item(item, data)
        except words.NotSuch:
            unreadable.append(_path(item))
        else:
            if found:
                said[_path(item)] = found
    return said, unreadable


def _of_item(item: Item, data: QueryDict) -> list[Answer]:
    kind = _kind(item)
    if kind in ("radio", "check"):
        chosen = {str(one) for one in data.getlist(_name(item))}
        if item.type == "boolean":
            return [{"valueBoolean": number == 0} for number in (0, 1) if str(number) in chosen][:1]
        return [one.answer for number, one in enumerate(item.options) if str(number) in chosen]
    text = str(data.get(_name(item), "")).strip()
    if kind == "file":
        return [TESTED_FILE] if text else []
    if item.type == "text" and not item.repeats:
        return [{"valueString": text}] if text else []
    return [_one(item, line) for line in text.splitlines() if line.strip()]


def _one(item: Item, line: str) -> Answer:
    answer = words.said({"type": item.type}, line)
    quantity = answer.get("valueQuantity")
    if quantity is not None:
        offered = [*item.units, *([item.unit] if item.unit else [])]
        name = quantity.get("unit", "")
        for unit in offered:
            if name in ("", unit.get("code"), unit.get("display")):
                found = {key: unit[key] for key in ("system", "code") if unit.get(key)}
                return {"valueQuantity": quantity | {"unit": unit.get("display") or unit.get("code")} | found}
    return answer
