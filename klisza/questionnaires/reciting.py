"""Questions and answers in words, as the summary, the PDF and staff read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils import formats
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from klisza.base import clock
from klisza.standards.questionnaire.model import Definition, Item
from klisza.standards.questionnaire.pages import pages
from klisza.standards.questionnaire.paths import Answer, Path
from klisza.standards.questionnaire.places import children_at
from klisza.standards.questionnaire.values import is_number, key_of, same, shown, value_of

from .queries import Snapshot


@dataclass(frozen=True)
class Line:
    """answers: in words; empty = not answered. depth: how deep below a group's heading."""

    path: str
    label: str
    answers: tuple[str, ...] = ()
    is_heading: bool = False
    depth: int = 0


@dataclass
class Part:
    """One page of the form. number: of that page."""

    number: int
    title: str
    lines: list[Line] = field(default_factory=list)


def parts(there: Snapshot) -> list[Part]:
    """What was asked, page by page; what is hidden or only read is left out."""
    made = []
    for page in pages(there.definition):
        alone = page.items[0] if page.title else None
        part = Part(page.number, page.title)
        for item in page.items:
            part.lines += _lines(there, item, (), 0, skip_heading=item is alone and not item.repeats)
        if any(not line.is_heading for line in part.lines):
            made.append(part)
    return made


def _lines(
    there: Snapshot, item: Item, at: tuple[int, ...], depth: int, *, skip_heading: bool = False
) -> Iterable[Line]:
    path = str(Path(item.link_id, at))
    if item.hidden or item.type == "display" or path not in there.enabled:
        return
    if item.is_question:
        said = tuple(in_words(item, one) for one in there.answers.get(path, ()))
        yield Line(path, label(item), said, depth=depth)
    for number, inside in enumerate(children_at(item, at, there.answers), start=1):
        if item.type == "group" and not skip_heading and item.text:
            heading = f"{label(item)} – {number}" if item.is_loop else label(item)
            yield Line(path, heading, is_heading=True, depth=depth)
        for child in item.children:
            yield from _lines(there, child, inside, depth + (0 if skip_heading else 1))


def label(item: Item) -> str:
    """As the form calls it; one without a text by its help, else by its place."""
    named = f"{item.prefix} {item.text}".strip() or item.help.partition("\n")[0]
    return named or _("Question %(number)s") % {"number": item.number + 1}


def in_words(item: Item, answer: Answer) -> str:
    value = value_of(answer)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    for option in item.options:
        if same(option.answer, answer):
            return option.label
    if key_of(answer) in ("valueDate", "valueDateTime", "valueTime"):
        return moment_in_words(str(value))
    if key_of(answer) == "valueQuantity":
        unit = next((one for one in item.units if one.get("code") == value.get("code")), {})
        named = unit.get("display") or value.get("unit") or value.get("code") or ""
        return f"{number_in_words(value.get('value'))} {named}".strip()
    if is_number(value):
        unit = item.unit or {}
        return f"{number_in_words(value)} {unit.get('display') or unit.get('code') or ''}".strip()
    return shown(answer)


def number_in_words(value: Any) -> str:
    """With the decimal comma where people write it so; nothing is rounded."""
    text = format(Decimal(str(value)), "f")
    return text.replace(".", str(formats.get_format("DECIMAL_SEPARATOR")))


def moment_in_words(text: str) -> str:
    """2024, 2024-05, 2024-05-17, 2024-05-17T10:30:00+02:00 and 10:30:00 as people write them."""
    day, _t, time = text.partition("T")
    if ":" in day:
        return day[:5]
    if time:
        parsed = parse_datetime(text)
        if parsed is not None and parsed.tzinfo is not None:
            return formats.date_format(parsed.astimezone(clock.local_zone()), "d.m.Y, H:i")
    date = ".".join(reversed(day.split("-")))
    return f"{date}, {time[:5]}" if time else date


def texts(definition: Definition) -> dict[str, str]:
    """linkId -> how the form calls it."""
    return {item.link_id: label(item) for item in definition.walk()}
