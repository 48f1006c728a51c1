"""A Questionnaire written as XML, in the shape of its JSON (FHIR R4, XML and JSON representation)."""

from __future__ import annotations

from typing import Any

from klisza.standards.cda.tree import Element, Unusable, parse

FHIR = "http://hl7.org/fhir"
# Elements that may repeat where a Questionnaire has them; JSON writes them as lists, also of one.
LISTS = frozenset(
    [
        "extension",
        "modifierExtension",
        "item",
        "answerOption",
        "enableWhen",
        "initial",
        "coding",
        "contained",
        "identifier",
        "derivedFrom",
        "subjectType",
        "contact",
        "telecom",
        "useContext",
        "jurisdiction",
        "profile",
        "tag",
        "security",
        "contains",
        "include",
        "exclude",
        "concept",
        "filter",
        "designation",
        "parameter",
        "valueSet",
    ]
)
BOOLEANS = frozenset(
    [
        "experimental",
        "required",
        "repeats",
        "readOnly",
        "initialSelected",
        "valueBoolean",
        "answerBoolean",
        "immutable",
        "abstract",
        "inactive",
        "userSelected",
    ]
)
INTEGERS = frozenset(
    ["maxLength", "valueInteger", "answerInteger", "valuePositiveInt", "valueUnsignedInt", "total", "offset"]
)
DECIMALS = frozenset(["valueDecimal", "answerDecimal"])
QUANTITIES = frozenset(["valueQuantity", "answerQuantity", "valueDuration", "valueAge"])


class NotFhir(ValueError):
    """No XML that says a FHIR resource; `reason` for staff."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read(data: bytes) -> dict[str, Any]:
    """The resource as its JSON would say it; the narrative is left out. Raises NotFhir."""
    try:
        root = parse(data, namespace=FHIR)
    except Unusable as fault:
        raise NotFhir(f"XML {fault}") from fault
    if not root.name:
        raise NotFhir("no FHIR resource")
    return _resource(root)


def _resource(element: Element) -> dict[str, Any]:
    return {"resourceType": element.name, **_members(element)}


def _members(element: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element.children:
        if (isinstance(child, Element) and child.name and child.name != "text") or _is_primitive(child):
            _add(found, element, child)  # type: ignore[arg-type]
    return found


def _is_primitive(child: Element | str) -> bool:
    """`text` is the narrative of a resource, and the words of an item."""
    return isinstance(child, Element) and bool(child.name) and "value" in child.attributes


def _add(found: dict[str, Any], parent: Element, child: Element) -> None:
    if child.name == "contained":
        inner = [_resource(one) for one in child.children if isinstance(one, Element) and one.name]
        found.setdefault("contained", []).extend(inner)
        return
    value, more = _value(parent, child)
    if _repeats(parent, child):
        found.setdefault(child.name, []).append(value if value is not None else more)
    elif value is None:
        found[child.name] = more
    else:
        found[child.name] = value
        if more:
            found[f"_{child.name}"] = more


def _value(parent: Element, child: Element) -> tuple[Any, dict[str, Any]]:
    """(the primitive, None for a complex element; its members or the extensions of the primitive)."""
    more = _members(child)
    if "url" in child.attributes:
        more = {"url": child.attributes["url"], **more}
    if "id" in child.attributes:
        more = {"id": child.attributes["id"], **more}
    text = child.attributes.get("value")
    return (None if text is None else _typed(parent, child.name, text)), more


def _typed(parent: Element, name: str, text: str) -> Any:
    try:
        if name in BOOLEANS:
            return {"true": True, "false": False}[text]
        if name in INTEGERS:
            return int(text)
        if name in DECIMALS or (name == "value" and parent.name in QUANTITIES):
            return float(text)
    except (KeyError, ValueError):
        raise NotFhir(f"{name}: {text[:40]}") from None
    return text


def _repeats(parent: Element, child: Element) -> bool:
    """`code` is a list of codings of an item and one word inside a coding."""
    if child.name == "code":
        return "value" not in child.attributes and parent.name in ("item", "Questionnaire")
    return child.name in LISTS and not (child.name == "valueSet" and "value" in child.attributes)
