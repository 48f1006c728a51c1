"""One FHIR answer: its type, equality, order, and how it reads."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

from .paths import Answer

KEYS: dict[str, frozenset[str]] = {
    "boolean": frozenset({"valueBoolean"}),
    "choice": frozenset({"valueCoding", "valueString", "valueInteger", "valueDate", "valueTime"}),
    "open-choice": frozenset({"valueCoding", "valueString", "valueInteger", "valueDate", "valueTime"}),
    "string": frozenset({"valueString"}),
    "text": frozenset({"valueString"}),
    "integer": frozenset({"valueInteger"}),
    "decimal": frozenset({"valueDecimal", "valueInteger"}),
    "quantity": frozenset({"valueQuantity"}),
    "date": frozenset({"valueDate"}),
    "dateTime": frozenset({"valueDateTime", "valueDate"}),
    "time": frozenset({"valueTime"}),
    "attachment": frozenset({"valueAttachment"}),
    "url": frozenset({"valueUri", "valueUrl"}),
}
# A year, a month or a day (FHIR date).
DATE = re.compile(r"(?:19|20|18)\d{2}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")
TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?")
MOMENT = re.compile(DATE.pattern + r"(?:T" + TIME.pattern + r"(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?)?")


def key_of(answer: Answer) -> str:
    """valueString, valueCoding, ... ; "" for anything else."""
    return next((key for key in answer if key.startswith("value")), "")


def value_of(answer: Answer) -> Any:
    return answer.get(key_of(answer))


def has_type(kind: str, answer: Answer) -> bool:
    """kind: type of an item. The value is of the right JSON type, and dates and times are real ones in shape."""
    key, value = key_of(answer), value_of(answer)
    if key not in KEYS.get(kind, frozenset()) or len([one for one in answer if one.startswith("value")]) != 1:
        return False
    return _is(key, value)


def _is(key: str, value: Any) -> bool:
    if key == "valueBoolean":
        return isinstance(value, bool)
    if key == "valueInteger":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
    if key == "valueDecimal":
        return is_number(value)
    if key in ("valueCoding", "valueAttachment"):
        return isinstance(value, dict)
    if key == "valueQuantity":
        return isinstance(value, dict) and is_number(value.get("value"))
    if not isinstance(value, str) or not value.strip():
        return False
    shapes = {"valueDate": DATE, "valueTime": TIME, "valueDateTime": MOMENT}
    return key not in shapes or bool(shapes[key].fullmatch(value))


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def same(one: Answer, other: Answer) -> bool:
    """Equality of enableWhen and of options: codes by system and code, numbers by value."""
    mine, theirs = value_of(one), value_of(other)
    if isinstance(mine, dict) and isinstance(theirs, dict):
        if "value" in mine or "value" in theirs:
            return _unit(mine) == _unit(theirs) and _number(mine) == _number(theirs)
        if mine.get("code") and theirs.get("code"):
            return bool(mine["code"] == theirs["code"]) and _systems_agree(mine, theirs)
        return bool(mine.get("display") == theirs.get("display")) and mine.get("code") == theirs.get("code")
    if is_number(mine) and is_number(theirs):
        return Decimal(str(mine)) == Decimal(str(theirs))
    return type(mine) is type(theirs) and bool(mine == theirs)


def _systems_agree(mine: dict[str, Any], theirs: dict[str, Any]) -> bool:
    return (mine.get("system") or "") == (theirs.get("system") or "")


def _unit(quantity: dict[str, Any]) -> str:
    return str(quantity.get("code") or quantity.get("unit") or "")


def _number(quantity: dict[str, Any]) -> Decimal | None:
    return Decimal(str(quantity["value"])) if is_number(quantity.get("value")) else None


def order(one: Answer, other: Answer) -> int | None:
    """-1, 0, 1; None when they cannot be compared: other types, other units, another precision that overlaps."""
    mine, theirs = value_of(one), value_of(other)
    if isinstance(mine, dict) and isinstance(theirs, dict):
        if "value" not in mine or "value" not in theirs or _unit(mine) != _unit(theirs):
            return None
        mine, theirs = mine["value"], theirs["value"]
    if is_number(mine) and is_number(theirs):
        return _sign(Decimal(str(mine)), Decimal(str(theirs)))
    if isinstance(mine, str) and isinstance(theirs, str):
        return _sign_of_texts(key_of(one), mine, theirs)
    return None


def _sign(mine: Any, theirs: Any) -> int:
    return (mine > theirs) - (mine < theirs)


def _sign_of_texts(key: str, mine: str, theirs: str) -> int | None:
    if key == "valueTime":
        return _sign(_with_seconds(mine), _with_seconds(theirs))
    # "2024" and "2024-05": the shorter says less, so that neither is before the other.
    if key in ("valueDate", "valueDateTime") and len(mine) != len(theirs):
        short = min(len(mine), len(theirs), 10)
        if mine[:short] == theirs[:short]:
            return None
    return _sign(mine, theirs)


def _with_seconds(time: str) -> str:
    return time if len(time) > 5 else f"{time}:00"


def shown(answer: Answer) -> str:
    """Plain text without any language: labels of options, PDF of technical values."""
    value = value_of(answer)
    if isinstance(value, dict):
        if "value" in value:
            return f"{value['value']} {value.get('unit') or value.get('code') or ''}".strip()
        return str(value.get("display") or value.get("title") or value.get("code") or "")
    return "" if value is None else str(value)
