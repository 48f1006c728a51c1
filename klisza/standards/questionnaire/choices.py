"""The answers one may choose from."""

from __future__ import annotations

from typing import Any

from . import extensions as ext
from .errors import Refused
from .extensions import FHIR
from .model import CHOICES, Option
from .values import shown

MOST_OPTIONS = 2000
KINDS = frozenset({"valueCoding", "valueString", "valueInteger", "valueDate", "valueTime"})


def options(
    link_id: str, kind: str, raw: dict[str, Any], resource: dict[str, Any], language: str
) -> tuple[Option, ...]:
    """From answerOption, or from a value set that travels in the resource. Raises Refused."""
    given, value_set = raw.get("answerOption"), raw.get("answerValueSet")
    if kind not in CHOICES:
        if given or value_set:
            return _for_plain(link_id, kind, given, language)
        return ()
    if given and value_set:
        raise Refused(link_id, "it has both answerOption and answerValueSet (que-4)")
    if value_set:
        return _contained(link_id, str(value_set), resource, language)
    if not given and kind == "open-choice":
        return ()
    if not isinstance(given, list) or not given:
        raise Refused(link_id, "there is nothing to choose from")
    if len(given) > MOST_OPTIONS:
        raise Refused(link_id, f"there are more than {MOST_OPTIONS} answers to choose from")
    return tuple(_option(link_id, one, language) for one in given)


def _for_plain(link_id: str, kind: str, given: Any, language: str) -> tuple[Option, ...]:
    if kind in ("string", "integer", "date", "time", "text") and isinstance(given, list):
        return tuple(_option(link_id, one, language) for one in given)
    raise Refused(link_id, f"the type {kind} has no answers to choose from (que-5)")


def _option(link_id: str, raw: Any, language: str) -> Option:
    answer = ext.answer_of(raw) if isinstance(raw, dict) else {}
    if len(answer) != 1 or next(iter(answer)) not in KINDS:
        raise Refused(link_id, "an answer to choose is none of Coding, string, integer, date, time")
    coding = answer.get("valueCoding")
    if coding is not None and not _is_coding(coding):
        raise Refused(link_id, "an answer to choose has neither code nor text")
    return Option(
        answer={"valueCoding": plain(coding)} if coding else answer,
        label=(ext.translated(coding, "display", language) if coding else "") or shown(answer),
        prefix=str(ext.first(raw, FHIR + "questionnaire-optionPrefix", default="")),
        exclusive=bool(ext.first(raw, FHIR + "questionnaire-optionExclusive", default=False)),
        initial=bool(raw.get("initialSelected")),
    )


def plain(coding: dict[str, Any]) -> dict[str, Any]:
    return {key: coding[key] for key in ("system", "version", "code", "display") if coding.get(key)}


def _is_coding(coding: Any) -> bool:
    return isinstance(coding, dict) and bool(coding.get("code") or coding.get("display"))


def _contained(link_id: str, value_set: str, resource: dict[str, Any], language: str) -> tuple[Option, ...]:
    if not value_set.startswith("#"):
        raise Refused(link_id, f"its value set is elsewhere ({value_set}); it has to be contained")
    found = next(
        (
            one
            for one in resource.get("contained", [])
            if isinstance(one, dict)
            and one.get("id") == value_set[1:]
            and one.get("resourceType") == "ValueSet"
        ),
        None,
    )
    if found is None:
        raise Refused(link_id, f"the contained value set {value_set} is missing")
    concepts = _expanded(found) or _composed(found)
    if not concepts:
        raise Refused(link_id, f"the contained value set {value_set} does not list its codes")
    if len(concepts) > MOST_OPTIONS:
        raise Refused(link_id, f"there are more than {MOST_OPTIONS} answers to choose from")
    return tuple(_option(link_id, {"valueCoding": one}, language) for one in concepts)


def _expanded(value_set: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    waiting = list((value_set.get("expansion") or {}).get("contains") or [])
    while waiting and len(found) <= MOST_OPTIONS:
        one = waiting.pop(0)
        if not one.get("abstract"):
            found.append(one)
        waiting[:0] = one.get("contains") or []
    return found


def _composed(value_set: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for part in (value_set.get("compose") or {}).get("include") or []:
        if part.get("filter") or part.get("valueSet"):
            return []
        system = {"system": part["system"]} if part.get("system") else {}
        found += [system | one for one in part.get("concept") or []]
    return found
