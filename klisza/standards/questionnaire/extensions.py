"""Extensions of FHIR, SDC and ours, found by the end of their address."""

from __future__ import annotations

from typing import Any

from .errors import Refused

FHIR = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
OURS = "urn:klisza:questionnaire:"
MOST_EXPRESSION = 4000  # characters

# What changes which answers are right and is not understood here: asking without it would ask something else.
MEANT_BUT_UNKNOWN = {
    SDC + "sdc-questionnaire-answerExpression": "answers are looked up by an expression",
    SDC + "sdc-questionnaire-subQuestionnaire": "another questionnaire would have to be put in its place",
    FHIR + "questionnaire-constraint": "a constraint between answers",
    SDC + "targetConstraint": "a constraint between answers",
    FHIR + "questionnaire-signatureRequired": "a signature is asked for",
    FHIR + "questionnaire-unitValueSet": "units come from a value set",
}


def every(element: dict[str, Any], *names: str) -> list[Any]:
    """Values of all extensions whose address is one of the names; sub-extensions as the extension itself."""
    return [_value(one) for one in _extensions(element) if one.get("url") in names]


def first(element: dict[str, Any], *names: str, default: Any = None) -> Any:
    found = every(element, *names)
    return found[0] if found else default


def _value(extension: dict[str, Any]) -> Any:
    return next((extension[key] for key in extension if key.startswith("value")), extension)


def answer_of(extension: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in extension.items() if key.startswith("value")}


def _extensions(element: dict[str, Any]) -> list[dict[str, Any]]:
    found = element.get("extension", [])
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def parts(extension: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A complex extension's parts by name."""
    return {str(one.get("url")): one for one in _extensions(extension)}


def expression(link_id: str, element: dict[str, Any], *names: str) -> str:
    """The FHIRPath of an expression; "" when there is none. Raises Refused for another language."""
    value = first(element, *names)
    if value is None:
        return ""
    if not isinstance(value, dict) or value.get("language") != "text/fhirpath":
        raise Refused(link_id, "the expression is not FHIRPath")
    text = value.get("expression")
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_EXPRESSION:
        raise Refused(link_id, "the expression is empty or too long")
    return text


def refuse_unknown(link_id: str, element: dict[str, Any]) -> None:
    if element.get("modifierExtension"):
        raise Refused(link_id, "a modifier extension changes its meaning")
    for one in _extensions(element):
        what = MEANT_BUT_UNKNOWN.get(str(one.get("url")))
        if what:
            raise Refused(link_id, f"{what}, which the portal does not do")


def translated(element: dict[str, Any], name: str, language: str) -> str:
    """`name` of the element in the wanted language, else as it stands (extension "translation")."""
    plain = element.get(name)
    beside = element.get(f"_{name}")
    if language and isinstance(beside, dict):
        for one in every(beside, FHIR + "translation"):
            told = parts(one) if isinstance(one, dict) else {}
            lang, content = told.get("lang", {}), told.get("content", {})
            if str(lang.get("valueCode", "")).partition("-")[0] == language.partition("-")[0]:
                return str(content.get("valueString") or content.get("valueMarkdown") or plain or "")
    return plain if isinstance(plain, str) else ""
