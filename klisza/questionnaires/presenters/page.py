"""One page of a survey as its templates draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from klisza.questionnaires import reciting
from klisza.questionnaires.fields import OTHER, is_many, kind_of, mark, name_of
from klisza.questionnaires.queries import Snapshot
from klisza.questionnaires.richtext import rich
from klisza.standards.questionnaire.model import MOST_INSTANCES, Item
from klisza.standards.questionnaire.pages import Page
from klisza.standards.questionnaire.paths import Answer, Path
from klisza.standards.questionnaire.places import children_at, instances
from klisza.standards.questionnaire.values import key_of, same, value_of

LINES_OF_TEXT = 4


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    is_chosen: bool
    is_exclusive: bool = False


@dataclass
class Block:
    """One place of the form: a group, a text to read, or a question with its controls.

    kind: group | loop | display | readonly | calculated, or as fields.kind_of. rows: texts of the controls, one for
    each answer, by what is added to the name without its hyphen ("value" for the name itself). seen, mark: for the
    check whether another device was faster.
    """

    name: str
    path: str
    kind: str
    item: Item
    label: str
    is_enabled: bool
    level: int = 2
    rows: list[dict[str, str]] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    units: list[Choice] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    seen: int = 0
    mark: str = ""
    error: str = ""
    clash: str = ""
    rich: SafeString | str = ""
    can_add: bool = False
    can_leave_open: bool = False

    @property
    def hint(self) -> str:
        said = self.item.help if self.item.text else ""  # else the help is the label
        return "\n".join(filter(None, (said, _format_hint(self.item))))

    @property
    def described_by(self) -> str:
        ids = [(self.hint, "hint"), (self.clash, "clash"), (self.error, "error")]
        return " ".join(f"{self.name}-{part}" for text, part in ids if text)

    @property
    def first_id(self) -> str:
        """What the error summary leads to."""
        if self.kind == "date":
            return f"{self.name}-day"
        return f"{self.name}-0" if self.kind in ("radios", "checks") else self.name

    @property
    def is_fieldset(self) -> bool:
        return self.kind in ("radios", "checks", "date")

    @property
    def has_choice(self) -> bool:
        """Between this device's answer and another one's, should they differ."""
        return bool(self.mark) and self.kind != "attachment"

    @property
    def other(self) -> str:
        return next((row.get(OTHER, "") for row in self.rows if row.get("value") == OTHER), "")

    @property
    def is_other(self) -> bool:
        return any(row.get("value") == OTHER for row in self.rows)

    @property
    def unit_label(self) -> str:
        unit = self.item.unit or {}
        return str(unit.get("display") or unit.get("code") or "")

    @property
    def extra(self) -> list[Block]:
        """What stands below a question."""
        return self.parts[0].blocks if self.parts and self.kind not in ("group", "loop") else []


@dataclass
class Part:
    """What stands in a group: once, or once in each instance. number: of the instance, as counted by people."""

    number: int
    instance: int
    blocks: list[Block]


@dataclass(frozen=True)
class Trouble:
    """What the page shows beside what is stored: after a form with mistakes, or with a faster other device."""

    errors: Mapping[str, str] = field(default_factory=dict)
    raw: Mapping[str, list[dict[str, str]]] = field(default_factory=dict)
    clashes: Mapping[str, str] = field(default_factory=dict)


def blocks(there: Snapshot, page: Page, trouble: Trouble | None = None) -> list[Block]:
    maker = _Maker(there, trouble or Trouble())
    alone = page.items[0] if page.title and len(page.items) == 1 else None
    if alone is not None and not alone.repeats and not alone.hidden:
        # Its text is the heading of the page.
        return (
            [maker.note(alone), *maker.inside(alone, (), 2)] if alone.markdown else maker.inside(alone, (), 2)
        )
    return maker.of(page.items, (), 2)


class _Maker:
    def __init__(self, there: Snapshot, trouble: Trouble) -> None:
        self.there, self.trouble = there, trouble

    def of(self, items: Sequence[Item], at: tuple[int, ...], level: int) -> list[Block]:
        return [self.block(item, at, level) for item in items if not item.hidden]

    def inside(self, item: Item, at: tuple[int, ...], level: int) -> list[Block]:
        return self.of(item.children, at, level)

    def note(self, item: Item) -> Block:
        return Block("", item.link_id, "display", item, "", True, rich=rich(item.markdown))

    def block(self, item: Item, at: tuple[int, ...], level: int) -> Block:
        path = str(Path(item.link_id, at))
        made = Block(
            name=name_of(item, at),
            path=path,
            kind=self._kind(item),
            item=item,
            label=f"{item.prefix} {item.text}".strip()
            if item.type in ("group", "display")
            else reciting.label(item),
            is_enabled=path in self.there.enabled,
            level=min(level, 6),
            seen=self.there.versions.get(path, 0),
            error=self.trouble.errors.get(path, ""),
            clash=self.trouble.clashes.get(path, ""),
            rich=rich(item.markdown) if item.markdown else "",
        )
        said = list(self.there.answers.get(path, ()))
        if item.is_question:
            self._question(made, said)
        self._parts(made, at, level)
        return made

    def _kind(self, item: Item) -> str:
        if item.type == "group":
            return "loop" if item.repeats else "group"
        if item.type == "display":
            return "display"
        if item.calculated:
            return "calculated"
        return "readonly" if item.read_only else kind_of(item)

    def _question(self, made: Block, said: list[Answer]) -> None:
        item = made.item
        made.said = [reciting.in_words(item, one) for one in said]
        if made.kind in ("calculated", "readonly"):
            return
        made.mark = mark(said)
        if made.kind == "attachment":
            made.files = [value_of(one) for one in said]
            made.can_add = not said or (item.repeats and len(said) < (item.max_occurs or MOST_INSTANCES))
            return
        raw = self.trouble.raw.get(made.path)
        rows = [_named(one) for one in raw] if raw is not None else [as_row(item, one) for one in said]
        made.rows = rows
        if made.kind in ("radios", "select", "checks"):
            made.choices = _choices(item, {row["value"] for row in rows})
            made.can_leave_open = made.kind == "radios" and not item.required and bool(rows)
        if item.units:
            chosen = rows[0].get("unit", "") if rows else ""
            made.units = [
                Choice(str(number), str(unit.get("display") or unit.get("code")), str(number) == chosen)
                for number, unit in enumerate(item.units)
            ]
        if is_many(item):
            most = item.max_occurs or MOST_INSTANCES
            made.can_add = len(rows) + 1 < most
            made.rows = [*rows, {}] if len(rows) < most else rows
        elif not rows and made.kind not in ("radios", "select", "checks"):
            made.rows = [{}]

    def _parts(self, made: Block, at: tuple[int, ...], level: int) -> None:
        item = made.item
        if not item.children:
            return
        deeper = level + 1 if item.type == "group" else level
        numbers = instances(item, at, self.there.answers) if item.is_loop else [0]
        for count, inside in enumerate(children_at(item, at, self.there.answers)):
            made.parts.append(Part(count + 1, numbers[count], self.inside(item, inside, deeper)))
        if item.is_loop:
            made.can_add = len(numbers) < (item.max_occurs or MOST_INSTANCES)


def _named(raw: dict[str, str]) -> dict[str, str]:
    return {part.removeprefix("-") or "value": text for part, text in raw.items()}


def as_row(item: Item, answer: Answer) -> dict[str, str]:
    """An answer as the texts of its controls."""
    value, kind = value_of(answer), kind_of(item)
    if kind in ("radios", "select", "checks"):
        return _chosen_row(item, answer)
    if kind == "quantity":
        number = next((str(n) for n, unit in enumerate(item.units) if _names(unit, value)), "")
        unit = number or str(value.get("unit") or "")
        return {"value": reciting.number_in_words(value.get("value")), "unit": unit}
    if kind == "date":
        day, _t, time = str(value).partition("T")
        year, month, date = (*day.split("-"), "", "")[:3]
        return {"day": date, "month": month, "year": year, "time": time[:5]}
    if kind == "number":
        return {"value": reciting.number_in_words(value)}
    return {"value": str(value)[:5] if kind == "time" else str(value)}


def _names(unit: dict[str, Any], value: dict[str, Any]) -> bool:
    if unit.get("code"):
        return bool(unit["code"] == value.get("code"))
    return bool(unit.get("display") == value.get("unit"))


def _chosen_row(item: Item, answer: Answer) -> dict[str, str]:
    if item.type == "boolean":
        return {"value": "true" if value_of(answer) else "false"}
    for number, option in enumerate(item.options):
        if same(option.answer, answer):
            return {"value": str(number)}
    return {"value": OTHER, OTHER: str(value_of(answer)) if key_of(answer) == "valueString" else ""}


def _choices(item: Item, chosen: set[str]) -> list[Choice]:
    if item.type == "boolean":
        return [
            Choice("true", _("Yes"), "true" in chosen),
            Choice("false", _("No"), "false" in chosen),
        ]
    made = [
        Choice(str(number), f"{one.prefix} {one.label}".strip(), str(number) in chosen, one.exclusive)
        for number, one in enumerate(item.options)
    ]
    if item.type == "open-choice":
        made.append(Choice(OTHER, pgettext("answers", "Something else"), OTHER in chosen))
    return made


def _format_hint(item: Item) -> str:
    if item.entry_format and kind_of(item) in ("line", "text", "number"):
        return item.entry_format
    if item.type in ("date", "dateTime"):
        return _("For example 17 5 1961. If you do not know the day, leave it empty.")
    if item.type == "attachment":
        return _("A PDF or a photo.")
    if kind_of(item) == "checks":
        return _("You can choose several answers.")
    return ""
