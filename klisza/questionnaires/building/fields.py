"""One item as the fields of a form, and back. Only what a form shows is written; all else stays."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from . import fhir
from .answers import Answer, in_words

Item = dict[str, Any]
MOST_OPTIONS = 200
NUMBERS = frozenset({"integer", "decimal"})
CHOICES = frozenset({"choice", "open-choice"})
# What the form names; a FHIRPath over the patient it is asked about.
PREFILLS = {
    "given": "%patient.name.first().given.first()",
    "family": "%patient.name.first().family",
    "birth_date": "%patient.birthDate",
    "sex": "%patient.gender",
}


def option_lines(item: Mapping[str, Any], language: str, main: str) -> str:
    """One option a line, in the order of the list."""
    lines = []
    for option in item.get("answerOption", []):
        coding = option.get("valueCoding")
        if coding is None:
            lines.append(in_words(option, "", "") if language == main else "")
        else:
            own = fhir.words(coding, "display", language, main)
            lines.append(own or (str(coding.get("code", "")) if language == main else ""))
    return "\n".join(lines) if any(lines) else ""


def put_options(item: Item, texts: Mapping[str, Sequence[str]], main: str, exclusive: Sequence[str]) -> None:
    """texts: by language, line by line. An option keeps its code as long as its words in the main language stay.

    exclusive: words of those options that go with no other.
    """
    known = {in_words(one, "", ""): one for one in item.get("answerOption", [])}
    taken = {str(one["valueCoding"].get("code")) for one in known.values() if "valueCoding" in one}
    made = []
    for number, line in enumerate(texts[main]):
        option = known.get(line) or {"valueCoding": {"code": _code(line, taken), "display": line}}
        if "valueCoding" in option:
            own = {language: _line(lines, number) for language, lines in texts.items()}
            fhir.put_words(option["valueCoding"], "display", {**own, main: line}, main)
        fhir.put(option, fhir.EXCLUSIVE, *([{"valueBoolean": True}] if line in exclusive else []))
        made.append(option)
    fhir.set_or_drop(item, "answerOption", made)


def exclusive_lines(item: Mapping[str, Any]) -> str:
    found = [
        one for one in item.get("answerOption", []) if fhir.value_in(one, fhir.EXCLUSIVE, "valueBoolean")
    ]
    return "\n".join(in_words(one, "", "") for one in found)


def help_of(item: Mapping[str, Any], language: str, main: str) -> str:
    helper = _helper(item)
    return fhir.words(helper, "text", language, main) if helper else ""


def put_help(item: Item, texts: Mapping[str, str], main: str) -> None:
    helper = _helper(item)
    if not texts.get(main):
        rest = [one for one in item.get("item", []) if one is not helper]
        fhir.set_or_drop(item, "item", rest)
        return
    if helper is None:
        helper = {"linkId": f"{item.get('linkId')}-help", "type": "display"}
        fhir.put_control(helper, "help")
        item.setdefault("item", []).append(helper)
    fhir.put_words(helper, "text", texts, main)


def units_of(item: Mapping[str, Any]) -> list[str]:
    """Of a number the one beside it, of a quantity those that can be chosen."""
    url = fhir.UNIT if item.get("type") in NUMBERS else fhir.UNIT_OPTION
    found = [one.get("valueCoding") or {} for one in fhir.extensions(item, url)]
    if not found and item.get("type") == "quantity":
        found = [one.get("valueCoding") or {} for one in fhir.extensions(item, fhir.UNIT)]
    return [str(one.get("display") or one.get("code") or "") for one in found]


def put_units(item: Item, units: Sequence[str]) -> None:
    known = {
        str(one["valueCoding"].get("display") or one["valueCoding"].get("code")): one["valueCoding"]
        for url in (fhir.UNIT, fhir.UNIT_OPTION)
        for one in fhir.extensions(item, url)
        if one.get("valueCoding")
    }
    codings = [
        {"valueCoding": known.get(one) or {"system": fhir.UCUM, "code": one, "display": one}} for one in units
    ]
    if item.get("type") in NUMBERS:
        fhir.put(item, fhir.UNIT, *codings[:1])
    else:
        fhir.put(item, fhir.UNIT)
        fhir.put(item, fhir.UNIT_OPTION, *codings)


def expression_of(item: Mapping[str, Any], url: str) -> str:
    found = fhir.value_in(item, url, "valueExpression") or {}
    return str(found.get("expression", ""))


def put_expression(item: Item, url: str, expression: str) -> None:
    value = {"valueExpression": {"language": fhir.FHIRPATH, "expression": expression}}
    fhir.put(item, url, *([value] if expression else []))


def limit_of(item: Mapping[str, Any], url: str) -> Any:
    found = fhir.extensions(item, url)
    return (
        next((value for key, value in found[0].items() if key.startswith("value")), None) if found else None
    )


def put_limit(item: Item, url: str, value: Any) -> None:
    """A number; written as the item's type writes it."""
    if value is None:
        fhir.put(item, url)
    elif item.get("type") == "integer":
        fhir.put(item, url, {"valueInteger": int(value)})
    else:
        plain = int(value) if value == int(value) else float(value)
        fhir.put(item, url, {"valueDecimal": plain})


def put_conditions(item: Item, conditions: Sequence[tuple[str, str, Answer]], *, every: bool) -> None:
    """(link id, operator, {"value[x]": ...}) each."""
    made = []
    for question, operator, answer in conditions:
        key, value = next(iter(answer.items()))
        made.append({"question": question, "operator": operator, f"answer{key.removeprefix('value')}": value})
    fhir.set_or_drop(item, "enableWhen", made)
    fhir.set_or_drop(item, "enableBehavior", ("all" if every else "any") if len(made) > 1 else "")


def put_flags(item: Item, url: str, flags: Sequence[tuple[Answer | None, str, str]]) -> None:
    """(answer, None = any; words for staff; severity) each."""
    made = []
    for answer, text, severity in flags:
        when = [{"url": "when", **answer}] if answer else []
        parts = [*when, {"url": "text", "valueString": text}, {"url": "severity", "valueCode": severity}]
        made.append({"extension": parts})
    fhir.put(item, url, *made)


def flags_of(item: Mapping[str, Any], url: str) -> list[tuple[Answer | None, str, str]]:
    found = []
    for one in fhir.extensions(item, url):
        parts = {str(part.get("url")): part for part in one.get("extension", [])}
        when = {key: value for key, value in parts.get("when", {}).items() if key.startswith("value")}
        text = str(parts.get("text", {}).get("valueString", ""))
        found.append((when or None, text, str(parts.get("severity", {}).get("valueCode", "warning"))))
    return found


def _helper(item: Mapping[str, Any]) -> Item | None:
    for one in item.get("item", []):
        if one.get("type") == "display" and fhir.control_of(one) == "help":
            return one
    return None


def _line(lines: Sequence[str], number: int) -> str:
    return lines[number] if number < len(lines) else ""


def _code(words: str, taken: set[str]) -> str:
    """Of an option that is new: its words in plain letters."""
    plain = unicodedata.normalize("NFKD", words.casefold().replace("ł", "l"))
    start = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")[:40] or "option"
    code, number = start, 1
    while code in taken:
        number += 1
        code = f"{start}-{number}"
    taken.add(code)
    return code
