"""Small parts of FHIR elements: extensions, translations, answers in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Resource = dict[str, Any]

STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
TRANSLATION = f"{STRUCTURE}translation"
CONTROL = f"{STRUCTURE}questionnaire-itemControl"
CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
UNIT = f"{STRUCTURE}questionnaire-unit"
UNIT_OPTION = f"{STRUCTURE}questionnaire-unitOption"
EXCLUSIVE = f"{STRUCTURE}questionnaire-optionExclusive"
MINIMUM, MAXIMUM = f"{STRUCTURE}minValue", f"{STRUCTURE}maxValue"
MAX_SIZE, MIME_TYPE = f"{STRUCTURE}maxSize", f"{STRUCTURE}mimeType"
CALCULATED, INITIAL = f"{SDC}calculatedExpression", f"{SDC}initialExpression"
UCUM = "http://unitsofmeasure.org"
FHIRPATH = "text/fhirpath"


def extensions(element: Mapping[str, Any], url: str) -> list[Resource]:
    return [one for one in element.get("extension", []) if one.get("url") == url]


def value_in(element: Mapping[str, Any], url: str, key: str) -> Any:
    """value[x] of the first extension of this kind; None when there is none."""
    found = extensions(element, url)
    return found[0].get(key) if found else None


def put(element: Resource, url: str, *values: Resource) -> None:
    """In place of all extensions of this kind; none = they go."""
    rest = [one for one in element.get("extension", []) if one.get("url") != url]
    rest += [{"url": url, **value} for value in values]
    set_or_drop(element, "extension", rest)


def set_or_drop(element: Resource, key: str, value: Any) -> None:
    if value:
        element[key] = value
    else:
        element.pop(key, None)


def control_of(item: Mapping[str, Any]) -> str:
    concept = value_in(item, CONTROL, "valueCodeableConcept") or {}
    return next((str(one.get("code", "")) for one in concept.get("coding", [])), "")


def put_control(item: Resource, code: str) -> None:
    concept = {"valueCodeableConcept": {"coding": [{"system": CONTROLS, "code": code}]}}
    put(item, CONTROL, *([concept] if code else []))


def words(element: Mapping[str, Any], key: str, language: str, main: str) -> str:
    """element.key in this language; "" when nobody has translated it."""
    if language == main:
        return str(element.get(key, ""))
    for one in extensions(element.get(f"_{key}") or {}, TRANSLATION):
        parts = {part.get("url"): part for part in one.get("extension", [])}
        if parts.get("lang", {}).get("valueCode") == language:
            return str(_content(parts.get("content", {})))
    return ""


def put_words(element: Resource, key: str, texts: Mapping[str, str], main: str) -> None:
    """texts: by language; an empty one goes. Languages that are not among them stay."""
    set_or_drop(element, key, texts.get(main, ""))
    shadow = element.setdefault(f"_{key}", {})
    kept = [one for one in extensions(shadow, TRANSLATION) if _language(one) not in texts]
    new = [_translation(language, text) for language, text in texts.items() if language != main and text]
    put(shadow, TRANSLATION, *[{"extension": one["extension"]} for one in [*kept, *new]])
    if not shadow:
        del element[f"_{key}"]


def _language(translation: Mapping[str, Any]) -> str:
    parts = translation.get("extension", [])
    return next((str(one.get("valueCode", "")) for one in parts if one.get("url") == "lang"), "")


def _translation(language: str, text: str) -> Resource:
    parts = [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": text}]
    return {"extension": parts}


def _content(part: Mapping[str, Any]) -> str:
    return str(part.get("valueString") or part.get("valueMarkdown") or "")
