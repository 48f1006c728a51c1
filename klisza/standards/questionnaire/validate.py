"""Whether answers are what the questionnaire asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import regex

from . import logic
from .errors import UnknownPath
from .model import CHOICES, MOST_INSTANCES, NUMBERS, TIMES, Definition, Item
from .paths import Answer, Answers
from .places import instances, walk
from .values import has_type, key_of, order, same, value_of

LONGEST_WORDS = 20_000  # when the questionnaire says nothing
MOST_PATTERN_INPUT = 1000
PATTERN_SECONDS = 0.2


@dataclass(frozen=True)
class Fault:
    """code: required | type | option | exclusive | too_long | too_small | too_large | decimals | pattern | too_few |
    too_many | unit | mime | size | unknown. detail: the limit, for the sentence of the page."""

    path: str
    code: str
    detail: str = ""


def check(definition: Definition, answers: Answers, *, patient: dict[str, Any] | None = None) -> list[Fault]:
    """Every fault of the enabled places, in the order of the form, one for each place."""
    there = logic.enabled(definition, answers, patient=patient)
    found = [*_strangers(definition, answers)]
    for item, path in walk(definition, answers):
        if str(path) in there:
            fault = check_place(item, str(path), list(answers.get(str(path), ())))
            found += [fault] if fault else []
    return found


def _strangers(definition: Definition, answers: Answers) -> Iterator[Fault]:
    for path in answers:
        try:
            item, _place = definition.place(path)
        except UnknownPath:
            yield Fault(path, "unknown")
        else:
            if item.type == "display":
                yield Fault(path, "unknown")


def check_place(item: Item, path: str, said: list[Answer]) -> Fault | None:
    """One place for itself, whether or not it is asked at the moment."""
    if item.type == "display":
        return None
    if item.type == "group":
        return _check_group(item, path, said)
    fault = _check_number_of(item, path, said)
    if fault:
        return fault
    for one in said:
        for judge in JUDGES:
            code, detail = judge(item, one) or ("", "")
            if code:
                return Fault(path, code, detail)
    return None


def _check_group(item: Item, path: str, said: list[Answer]) -> Fault | None:
    if not item.repeats:
        return Fault(path, "unknown") if said else None
    numbers = [one.get("instance") for one in said]
    if any(not isinstance(one, int) or not 0 <= one < 1000 for one in numbers) or len(set(numbers)) < len(
        numbers
    ):
        return Fault(path, "type")
    count = len(instances(item, (), {item.link_id: said}))
    if count < item.min_occurs:
        return Fault(path, "too_few", str(item.min_occurs))
    most = item.max_occurs or MOST_INSTANCES
    return Fault(path, "too_many", str(most)) if max(count, len(said)) > most else None


def _check_number_of(item: Item, path: str, said: list[Answer]) -> Fault | None:
    if not said:
        return Fault(path, "required") if item.required and not item.calculated and not item.hidden else None
    most = (item.max_occurs or MOST_INSTANCES) if item.repeats else 1
    if item.type in CHOICES and item.repeats and not item.max_occurs:
        most = max(most, len(item.options) + 1)
    if len(said) > most:
        return Fault(path, "too_many", str(most))
    if item.min_occurs and len(said) < item.min_occurs:
        return Fault(path, "too_few", str(item.min_occurs))
    alone = any(
        one.exclusive and any(same(one.answer, said_one) for said_one in said) for one in item.options
    )
    return Fault(path, "exclusive") if alone and len(said) > 1 else None


Verdict = tuple[str, str] | None


def _type(item: Item, one: Answer) -> Verdict:
    if not has_type(item.type, one):
        return "type", ""
    if item.type in TIMES and not _is_real(value_of(one)):
        return "type", ""
    return None


def _is_real(text: str) -> bool:
    """30 February has the shape of a date and is none."""
    day = text[:10]
    if "-" not in day or len(day) < 10:
        return True
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _option(item: Item, one: Answer) -> Verdict:
    if not item.options:
        return None
    if any(same(one, option.answer) for option in item.options):
        return None
    is_own_words = item.type == "open-choice" and key_of(one) == "valueString"
    return None if is_own_words else ("option", "")


def _length(item: Item, one: Answer) -> Verdict:
    value = value_of(one)
    most = item.max_length or LONGEST_WORDS
    if key_of(one) in ("valueString", "valueUri", "valueUrl") and len(str(value)) > most:
        return "too_long", str(most)
    return None


def _range(item: Item, one: Answer) -> Verdict:
    for limit, wrong, code in ((item.minimum, -1, "too_small"), (item.maximum, 1, "too_large")):
        if limit is not None and _against(one, limit) == wrong:
            return code, str(limit)
    return None


def _against(one: Answer, limit: Decimal | str) -> int | None:
    value = value_of(one)
    number = value.get("value") if isinstance(value, dict) else value
    if isinstance(limit, Decimal):
        mine = Decimal(str(number))
        return (mine > limit) - (mine < limit)
    return order(one, {key_of(one): limit})


def _decimals(item: Item, one: Answer) -> Verdict:
    if item.decimal_places is None or item.type not in NUMBERS | {"quantity"}:
        return None
    value = value_of(one)
    number = Decimal(str(value.get("value") if isinstance(value, dict) else value)).normalize()
    exponent = number.as_tuple().exponent
    too_fine = isinstance(exponent, int) and -exponent > item.decimal_places
    return ("decimals", str(item.decimal_places)) if too_fine else None


def _pattern(item: Item, one: Answer) -> Verdict:
    value = value_of(one)
    if not item.pattern or not isinstance(value, str):
        return None
    if len(value) > MOST_PATTERN_INPUT or not _matches(item.pattern, value):
        return "pattern", item.entry_format
    return None


def _matches(pattern: str, value: str) -> bool:
    """Whoever answers cannot mend a pattern that takes minutes on what they wrote: it counts as met then."""
    try:
        return regex.fullmatch(pattern, value, timeout=PATTERN_SECONDS) is not None
    except TimeoutError:
        return True


def _unit(item: Item, one: Answer) -> Verdict:
    if item.type != "quantity" or not item.units or item.open_unit:
        return None
    value = value_of(one)
    named = {unit.get("code") or unit.get("display") for unit in item.units}
    return None if (value.get("code") or value.get("unit")) in named else ("unit", "")


def _url(item: Item, one: Answer) -> Verdict:
    """Staff will click it: only what a browser opens as a page."""
    is_fine = item.type != "url" or str(value_of(one)).startswith(("https://", "http://"))
    return None if is_fine else ("type", "")


def _attachment(item: Item, one: Answer) -> Verdict:
    if item.type != "attachment":
        return None
    value = value_of(one)
    if item.mime_types and value.get("contentType") not in item.mime_types:
        return "mime", ", ".join(item.mime_types)
    if item.max_size and int(value.get("size") or 0) > item.max_size:
        return "size", str(item.max_size)
    return None


JUDGES: tuple[Callable[[Item, Answer], Verdict], ...] = (
    _type, _option, _length, _range, _decimals, _pattern, _unit, _url, _attachment,
)  # fmt: skip
