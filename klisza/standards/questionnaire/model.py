"""What a questionnaire says, read once; every part is frozen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from .errors import UnknownPath
from .paths import Answer, Path

NUMBERS = frozenset({"integer", "decimal"})
CHOICES = frozenset({"choice", "open-choice"})
WORDS = frozenset({"string", "text", "url"})
TIMES = frozenset({"date", "dateTime", "time"})
QUESTIONS = NUMBERS | CHOICES | WORDS | TIMES | {"boolean", "quantity", "attachment"}
TYPES = QUESTIONS | {"group", "display"}
MOST_INSTANCES = 50
SERIES = "#"  # behind the link id of a question: the answers of it with what is asked about each


@dataclass(frozen=True)
class Option:
    """answer: {"valueCoding": {...}}, {"valueString": ...}, ...; exclusive: "none of the above"."""

    answer: Answer
    label: str
    prefix: str = ""
    exclusive: bool = False
    initial: bool = False


@dataclass(frozen=True)
class Condition:
    """enableWhen. operator: exists = != > < >= <=; answer: {"answerBoolean": ...} as {"valueBoolean": ...}."""

    question: str
    operator: str
    answer: Answer


@dataclass(frozen=True)
class FlagRule:
    """Extension of ours: whoever answers so is shown to staff. answer None = any answer."""

    answer: Answer | None
    text: str
    severity: str = "warning"  # info | warning | danger


@dataclass(frozen=True)
class Variable:
    """name: without the percent sign; expression: FHIRPath."""

    name: str
    expression: str


@dataclass(frozen=True)
class Item:
    """One item. `number`: its place in the whole form, from 0; ancestors: from the outside, without itself.

    control: radio-button | check-box | drop-down | text-area | slider | help | page | ... ; "" = not said.
    minimum, maximum: for integer and decimal a Decimal, for date, dateTime and time the text of the standard.
    loops: link ids of the repeating groups around it, outermost first.
    """

    link_id: str
    type: str
    number: int
    text: str = ""
    prefix: str = ""
    markdown: str = ""
    help: str = ""
    required: bool = False
    repeats: bool = False
    read_only: bool = False
    hidden: bool = False
    control: str = ""
    orientation: str = ""
    max_length: int = 0
    options: tuple[Option, ...] = ()
    initial: tuple[Answer, ...] = ()
    conditions: tuple[Condition, ...] = ()
    all_conditions: bool = False
    minimum: Decimal | str | None = None
    maximum: Decimal | str | None = None
    decimal_places: int | None = None
    pattern: str = ""
    entry_format: str = ""
    max_size: int = 0  # bytes, of attachments
    mime_types: tuple[str, ...] = ()
    open_unit: bool = False
    unit: Answer | None = None  # Coding: of quantity, or shown beside a number
    units: tuple[Answer, ...] = ()
    min_occurs: int = 0
    max_occurs: int = 0  # 0 = no limit said
    calculated: str = ""  # FHIRPath
    initial_expression: str = ""
    enable_expression: str = ""
    variables: tuple[Variable, ...] = ()
    flags: tuple[FlagRule, ...] = ()
    ancestors: tuple[str, ...] = ()
    loops: tuple[str, ...] = ()
    children: tuple[Item, ...] = field(default=(), repr=False)

    @property
    def is_question(self) -> bool:
        return self.type in QUESTIONS

    @property
    def is_series(self) -> bool:
        """A repeating group that no questionnaire names: each instance is one answer and what stands below it."""
        return self.is_loop and self.link_id.endswith(SERIES) and len(self.children) == 1 and (
            self.link_id == self.children[0].link_id + SERIES
        )  # fmt: skip

    @property
    def is_loop(self) -> bool:
        return self.type == "group" and self.repeats


@dataclass(frozen=True)
class Definition:
    title: str
    items: tuple[Item, ...]
    url: str = ""
    version: str = ""
    language: str = ""
    description: str = ""
    variables: tuple[Variable, ...] = ()
    by_link: dict[str, Item] = field(default_factory=dict, repr=False)
    resource: dict[str, object] = field(default_factory=dict, repr=False)

    def item(self, link_id: str) -> Item:
        """Raises KeyError."""
        return self.by_link[link_id]

    def walk(self) -> Iterator[Item]:
        """Every item in the order of the form, groups before what they hold."""
        return iter(self.by_link.values())

    def place(self, path: str) -> tuple[Item, Path]:
        """Which item and instance a path means. Raises UnknownPath."""
        item = self.by_link.get(path)
        if item is not None and not item.loops:
            return item, Path(path)
        link_id, _at, numbers = path.rpartition("@")
        item = self.by_link.get(link_id)
        parts = numbers.split(".")
        if item is None or len(parts) != len(item.loops) or not all(_is_instance(one) for one in parts):
            raise UnknownPath(path)
        return item, Path(link_id, tuple(int(one) for one in parts))


def _is_instance(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and str(int(text)) == text
