"""What a page's form says, as answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from klisza.base import plain
from klisza.base.clock import local_zone
from klisza.questionnaires.fields import OTHER, kind_of, mark, name_of
from klisza.standards.questionnaire.calculate import quantity_unit
from klisza.standards.questionnaire.model import Item
from klisza.standards.questionnaire.paths import Answer, Path

MOST_VALUES = 100
MOST_WORDS = 20_000


class Posted(Protocol):
    def get(self, name: str, default: Any = ...) -> Any: ...

    def getlist(self, name: str) -> list[Any]: ...

    def __contains__(self, name: object) -> bool: ...


@dataclass(frozen=True)
class Entry:
    """One place's controls, and their name. fault: "" or "type": what was typed cannot be an answer, and `raw` shows
    it again.

    seen: the version of the answer that the page showed. is_touched: the controls say something else than then.
    """

    item: Item
    path: str
    name: str
    value: list[Answer]
    fault: str
    raw: list[dict[str, str]]
    seen: int
    is_touched: bool


class Unreadable(Exception):
    """raw: what stands in the control."""


def read(places: Iterable[tuple[Item, Path]], data: Posted) -> list[Entry]:
    """Of every place whose controls are in the form; files come by themselves (attachments)."""
    return [
        entry(item, path, data)
        for item, path in places
        if item.is_question and item.type != "attachment" and f"{name_of(item, path.at)}-seen" in data
    ]


def entry(item: Item, path: Path, data: Posted) -> Entry:
    name = name_of(item, path.at)
    raw = raw_of(item, name, data)
    fault = ""
    try:
        value = [one for one in (READERS[kind_of(item)](item, row) for row in raw) if one is not None]
    except Unreadable:
        value, fault = [], "type"
    known = str(data.get(f"{name}-mark", ""))
    seen = str(data.get(f"{name}-seen", "0"))
    return Entry(
        item=item,
        path=str(path),
        name=name,
        value=value,
        fault=fault,
        raw=raw,
        seen=int(seen) if seen.isdigit() else 0,
        is_touched=bool(fault) or mark(value) != known,
    )


def raw_of(item: Item, name: str, data: Posted) -> list[dict[str, str]]:
    """What stands in the controls, one row for each answer, without empty ones."""
    kind = kind_of(item)
    parts = PARTS[kind] if kind != "date" or item.type == "dateTime" else PARTS["date"][:3]
    columns = {part: [_clean(one) for one in data.getlist(name + part)[:MOST_VALUES]] for part in parts}
    rows = max((len(one) for one in columns.values()), default=0)
    if kind in ("radios", "select", "checks"):
        said = [{"": one} for one in columns[""] if one]
        other = next(iter(columns[f"-{OTHER}"]), "")
        return [row | ({f"-{OTHER}": other} if row[""] == OTHER else {}) for row in said]
    found = [{part: _at(column, row) for part, column in columns.items()} for row in range(rows)]
    # A unit alone says nothing: it stands there from the beginning.
    return [row for row in found if any(text for part, text in row.items() if part != "-unit")]


def _clean(value: Any) -> str:
    return plain.lines(str(value)).strip()[:MOST_WORDS]


def _at(column: list[str], row: int) -> str:
    return column[row] if row < len(column) else ""


# What is added to a control's name, by the kind of control.
PARTS: dict[str, tuple[str, ...]] = {
    "radios": ("", f"-{OTHER}"),
    "select": ("", f"-{OTHER}"),
    "checks": ("", f"-{OTHER}"),
    "line": ("",),
    "text": ("",),
    "number": ("",),
    "quantity": ("", "-unit"),
    "date": ("-day", "-month", "-year", "-time"),
    "time": ("",),
}


def _choice(item: Item, row: dict[str, str]) -> Answer | None:
    chosen = row[""]
    if item.type == "boolean":
        return {"valueBoolean": chosen == "true"} if chosen in ("true", "false") else None
    if chosen == OTHER and item.type == "open-choice":
        words = row.get(f"-{OTHER}", "")
        return {"valueString": words} if words else None
    if not chosen.isdigit() or int(chosen) >= len(item.options):
        raise Unreadable
    return dict(item.options[int(chosen)].answer)


def _words(item: Item, row: dict[str, str]) -> Answer | None:
    text = row[""] if item.type == "text" else plain.one_line(row[""], most=MOST_WORDS)
    if not text:
        return None
    if item.type != "url":
        return {"valueString": text}
    return {"valueUri": text if "://" in text else f"https://{text}"}


def _number(item: Item, row: dict[str, str]) -> Answer | None:
    number = as_number(row[""])
    if item.type == "integer":
        if number != number.to_integral_value():
            raise Unreadable
        return {"valueInteger": int(number)}
    return {"valueDecimal": int(number) if number == number.to_integral_value() else float(number)}


def as_number(text: str) -> Decimal:
    """ "72,5", "1 200" and "-3" as people write them. Raises Unreadable."""
    try:
        number = Decimal(text.replace(",", ".").replace("\u00a0", "").replace(" ", ""))
    except InvalidOperation:
        raise Unreadable from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        raise Unreadable
    return number


def _quantity(item: Item, row: dict[str, str]) -> Answer | None:
    if not row[""]:
        return None
    number = float(as_number(row[""]))
    return {"valueQuantity": {"value": int(number) if number.is_integer() else number} | _unit(item, row)}


def _unit(item: Item, row: dict[str, str]) -> dict[str, Any]:
    chosen = row.get("-unit", "")
    if item.units:
        if chosen.isdigit() and int(chosen) < len(item.units):
            return quantity_unit(item.units[int(chosen)])
        return {"unit": plain.one_line(chosen, most=40)} if chosen and item.open_unit else {}
    if item.unit:
        return quantity_unit(item.unit)
    return {"unit": plain.one_line(chosen, most=40)} if chosen else {}


def _date(item: Item, row: dict[str, str]) -> Answer | None:
    """Day, or day and month, may be left out: FHIR knows such dates, and so do people."""
    day, month, year = (row[part] for part in PARTS["date"][:3])
    texts = [one for one in (day, month, year) if one]
    if not all(one.isascii() and one.isdigit() for one in texts) or len(year) != 4 or (day and not month):
        raise Unreadable
    text = "-".join([year, *(one.zfill(2) for one in (month, day) if one)])
    time = row.get("-time", "")
    if item.type == "date" or not time:
        return {"valueDate" if item.type == "date" else "valueDateTime": text}
    if not day:
        raise Unreadable
    return {"valueDateTime": f"{text}T{_clock(time)}{_offset(text, time)}"}


def _offset(day: str, time: str) -> str:
    """Of the hospital's clock at that moment; FHIR wants one beside a time of day."""
    try:
        moment = datetime.fromisoformat(f"{day}T{_clock(time)}").replace(tzinfo=local_zone())
    except ValueError:
        raise Unreadable from None
    return moment.isoformat()[-6:]


def _time(item: Item, row: dict[str, str]) -> Answer | None:
    return {"valueTime": _clock(row[""])} if row[""] else None


def _clock(text: str) -> str:
    hours, _colon, minutes = text.replace(".", ":").partition(":")
    if not (hours.isdigit() and minutes[:2].isdigit() and int(hours) < 24 and int(minutes[:2]) < 60):
        raise Unreadable
    return f"{int(hours):02}:{minutes[:2]}:00"


READERS = {
    "radios": _choice, "select": _choice, "checks": _choice, "line": _words, "text": _words, "number": _number,
    "quantity": _quantity, "date": _date, "time": _time,
}  # fmt: skip
