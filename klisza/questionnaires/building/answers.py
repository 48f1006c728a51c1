"""Answers as staff write them in a condition or a flag, and as FHIR says them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

YES = frozenset({"yes", "y", "true", "tak", "так"})
NO = frozenset({"no", "n", "false", "nie", "ні"})
DATES = {
    "date": re.compile(r"\d{4}(-\d{2}(-\d{2})?)?"),
    "dateTime": re.compile(r"\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?)?)?"),
    "time": re.compile(r"\d{2}:\d{2}(:\d{2})?"),
}
KEYS = {"text": "valueString", "url": "valueUri", "dateTime": "valueDateTime"}
Answer = dict[str, Any]


class NotSuch(ValueError):
    """No answer that this question can have."""


def said(item: Mapping[str, Any], text: str) -> Answer:
    """Words of staff -> {"value[x]": ...} of this item. Raises NotSuch."""
    kind, words = str(item.get("type", "")), text.strip()
    if not words:
        raise NotSuch
    if kind == "boolean":
        return {"valueBoolean": yes_or_no(words)}
    if kind in ("choice", "open-choice"):
        return _option(item, words, is_open=kind == "open-choice")
    if kind in ("integer", "decimal", "quantity"):
        return _number(kind, words)
    if kind in DATES:
        if not DATES[kind].fullmatch(words):
            raise NotSuch
        full = f"{words}:00" if kind == "time" and len(words) == 5 else words
        return {KEYS.get(kind, f"value{kind.capitalize()}"): full}
    if kind in ("string", "text", "url"):
        return {KEYS.get(kind, "valueString"): words}
    raise NotSuch


def yes_or_no(words: str) -> bool:
    if words.casefold() in YES | NO:
        return words.casefold() in YES
    raise NotSuch


def in_words(answer: Mapping[str, Any], yes: str, no: str) -> str:
    """{"value[x]": ...} or {"answer[x]": ...} -> what a person reads, and what `said` understands."""
    for key, value in answer.items():
        if not key.startswith(("value", "answer")):
            continue
        if isinstance(value, bool):
            return yes if value else no
        if isinstance(value, dict):
            return _of_parts(value)
        return _without_seconds(key, str(value))
    return ""


def _without_seconds(key: str, text: str) -> str:
    return text[:5] if key.endswith("Time") and re.fullmatch(r"\d{2}:\d{2}:00", text) else text


def _of_parts(value: Mapping[str, Any]) -> str:
    if "value" in value:
        return f"{value['value']} {value.get('unit') or value.get('code') or ''}".strip()
    return str(value.get("display") or value.get("code") or value.get("title") or "")


def _option(item: Mapping[str, Any], words: str, *, is_open: bool) -> Answer:
    for option in item.get("answerOption", []):
        answer = {key: value for key, value in option.items() if key.startswith("value")}
        coding = answer.get("valueCoding") or {}
        names = {in_words(answer, "", "").casefold(), str(coding.get("code", "")).casefold()}
        if words.casefold() in names - {""}:
            return {"valueCoding": _named(coding)} if coding else answer
    if is_open:
        return {"valueString": words}
    raise NotSuch


def of_option(item: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    """The words of the option that this coded answer means; "" when there is none."""
    wanted = answer.get("valueCoding") or answer.get("answerCoding") or {}
    for option in item.get("answerOption", []):
        coding = option.get("valueCoding") or {}
        if wanted.get("code") and _named(coding) == _named(wanted):
            return str(coding.get("display") or coding["code"])
    return ""


def _named(coding: Mapping[str, Any]) -> Answer:
    """What a coding is compared by."""
    parts = ("system", "code") if coding.get("code") else ("display",)
    return {key: coding[key] for key in parts if coding.get(key)}


def _number(kind: str, words: str) -> Answer:
    number, _space, unit = words.replace(",", ".").partition(" ")
    try:
        value = Decimal(number)
    except InvalidOperation:
        raise NotSuch from None
    if not value.is_finite():
        raise NotSuch
    if kind == "integer":
        if value != value.to_integral_value():
            raise NotSuch
        return {"valueInteger": int(value)}
    plain = int(value) if value == value.to_integral_value() else float(value)
    if kind == "decimal":
        return {"valueDecimal": plain}
    return {"valueQuantity": {"value": plain, **({"unit": unit.strip()} if unit.strip() else {})}}
