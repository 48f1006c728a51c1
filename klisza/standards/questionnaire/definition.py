"""FHIR R4 Questionnaire (JSON) -> Definition, or a refusal that names the item."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import regex

from . import coherence
from . import extensions as ext
from .choices import options
from .errors import Refused
from .extensions import FHIR, SDC
from .flags import rules
from .model import MOST_INSTANCES, NUMBERS, SERIES, TIMES, TYPES, WORDS, Condition, Definition, Item, Variable
from .paths import Answer
from .values import has_type

MOST_ITEMS = 1000
DEEPEST = 12
MOST_TEXT = 10_000
LONGEST_PATTERN = 1000
OPERATORS = frozenset({"exists", "=", "!=", ">", "<", ">=", "<="})
HELPERS = frozenset({"help", "flyover", "prompt", "unit", "lower", "upper"})
NOT_HERE = frozenset({"reference"})
CALCULATED = SDC + "sdc-questionnaire-calculatedExpression"
# Of a question with items below each of its answers: what is said of all answers together.
OF_A_SERIES = frozenset({"repeats", "enableWhen", "enableBehavior"})
EXTENSIONS_OF_A_SERIES = frozenset({
    FHIR + "questionnaire-minOccurs", FHIR + "questionnaire-maxOccurs", FHIR + "questionnaire-hidden",
    SDC + "sdc-questionnaire-enableWhenExpression",
})  # fmt: skip


def read(resource: dict[str, Any], *, language: str = "") -> Definition:
    """language: which of the resource's translations is wanted. Raises Refused(link_id, reason)."""
    if not isinstance(resource, dict) or resource.get("resourceType") != "Questionnaire":
        raise Refused("", "this is not a FHIR Questionnaire")
    ext.refuse_unknown("", resource)
    reader = _Reader(resource, language)
    items = reader.items(_listed("", resource, "item"), ancestors=(), loops=())
    if not any(one.is_question for one in reader.by_link.values()):
        raise Refused("", "there is no question in it")
    definition = Definition(
        title=ext.translated(resource, "title", language) or _text(resource, "name"),
        items=items,
        url=_text(resource, "url"),
        version=_text(resource, "version"),
        language=_text(resource, "language"),
        description=ext.translated(resource, "description", language),
        variables=_variables("", resource),
        by_link=reader.by_link,
        resource=resource,
    )
    coherence.check(definition)
    return definition


@dataclass
class _Reader:
    resource: dict[str, Any]
    language: str
    by_link: dict[str, Item] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)

    def items(
        self, raw: list[dict[str, Any]], *, ancestors: tuple[str, ...], loops: tuple[str, ...]
    ) -> tuple[Item, ...]:
        if len(ancestors) > DEEPEST:
            raise Refused(ancestors[-1], f"groups are nested deeper than {DEEPEST}")
        made = [self._item(one, ancestors, loops) for one in raw if not _is_helper(one)]
        return tuple(made)

    def _item(self, raw: dict[str, Any], ancestors: tuple[str, ...], loops: tuple[str, ...]) -> Item:
        link_id = self._link_id(raw, ancestors)
        number = self.seen[link_id] = len(self.seen)
        if number >= MOST_ITEMS:
            raise Refused(link_id, f"there are more than {MOST_ITEMS} items")
        kind = self._type(link_id, raw)
        ext.refuse_unknown(link_id, raw)
        repeats = bool(raw.get("repeats"))
        below = [*loops, link_id] if kind == "group" and repeats else loops
        nested = _listed(link_id, raw, "item")
        if is_series(raw, kind):
            return self._series(raw, ancestors, loops)
        # Holds its place in the order of the form until its children are read.
        self.by_link[link_id] = None  # type: ignore[assignment]
        item = Item(
            link_id=link_id,
            type=kind,
            number=number,
            text=ext.translated(raw, "text", self.language)[:MOST_TEXT],
            prefix=_text(raw, "prefix"),
            markdown=_markdown(raw, self.language),
            help="\n".join(filter(None, (_help(one, self.language) for one in nested))),
            required=bool(raw.get("required")),
            repeats=repeats,
            read_only=bool(raw.get("readOnly")),
            hidden=bool(ext.first(raw, FHIR + "questionnaire-hidden", default=False)),
            control=_control(raw),
            orientation=str(ext.first(raw, FHIR + "questionnaire-choiceOrientation", default="")),
            options=options(link_id, kind, raw, self.resource, self.language),
            initial=_initial(link_id, kind, raw),
            conditions=_conditions(link_id, raw),
            all_conditions=raw.get("enableBehavior") == "all",
            variables=_variables(link_id, raw),
            flags=rules(link_id, raw),
            ancestors=ancestors,
            loops=tuple(loops),
            children=self.items(nested, ancestors=(*ancestors, link_id), loops=tuple(below)),
            **_limits(link_id, kind, raw),
            **_units(link_id, raw),
            **_expressions(link_id, raw),
        )
        self.by_link[link_id] = item
        return item

    def _series(self, raw: dict[str, Any], ancestors: tuple[str, ...], loops: tuple[str, ...]) -> Item:
        """What is asked about each answer of a question repeats with it: a repeating group of one answer each."""
        link_id = str(raw["linkId"])
        around = link_id + SERIES
        if around in self.seen:
            raise Refused(link_id, "two items have this linkId")
        number = self.seen.pop(link_id)
        self.seen[around] = number
        self.by_link[around] = None  # type: ignore[assignment]
        limits = _limits(link_id, "group", raw)
        once = {key: value for key, value in raw.items() if key not in OF_A_SERIES} | {"extension": [
            one for one in raw.get("extension", []) if one.get("url") not in EXTENSIONS_OF_A_SERIES
        ]}  # fmt: skip
        item = Item(
            link_id=around,
            type="group",
            number=number,
            text=ext.translated(raw, "text", self.language)[:MOST_TEXT],
            prefix=_text(raw, "prefix"),
            repeats=True,
            required=bool(raw.get("required")),
            hidden=bool(ext.first(raw, FHIR + "questionnaire-hidden", default=False)),
            conditions=_conditions(link_id, raw),
            all_conditions=raw.get("enableBehavior") == "all",
            min_occurs=limits["min_occurs"],
            max_occurs=limits["max_occurs"],
            enable_expression=_expressions(link_id, raw)["enable_expression"],
            ancestors=ancestors,
            loops=tuple(loops),
            children=self.items([once], ancestors=(*ancestors, around), loops=(*loops, around)),
        )
        self.by_link[around] = item
        return item

    def _link_id(self, raw: dict[str, Any], ancestors: tuple[str, ...]) -> str:
        parent = ancestors[-1] if ancestors else ""
        link_id = raw.get("linkId")
        if not isinstance(link_id, str) or not link_id.strip() or len(link_id) > 200:
            raise Refused(parent, "an item in it has no linkId, or one longer than 200 characters")
        if link_id in self.seen:
            raise Refused(link_id, "two items have this linkId")
        if re.search(r"@[\d.]+$", link_id) or not link_id.isprintable():
            raise Refused(link_id, "this linkId cannot be told from the place of an answer")
        return link_id

    def _type(self, link_id: str, raw: dict[str, Any]) -> str:
        kind = raw.get("type")
        if kind in NOT_HERE:
            raise Refused(link_id, "a reference to another resource cannot be answered by a patient")
        if kind not in TYPES:
            raise Refused(link_id, f"the type {kind!r} is not known" if kind else "it has no type")
        if kind == "display" and (raw.get("item") or raw.get("required") or raw.get("repeats")):
            raise Refused(link_id, "a text to read has no answer and holds no items (que-6)")
        return str(kind)


def is_series(raw: dict[str, Any], kind: str) -> bool:
    """Whether items stand below each of several answers. Boxes to tick are one question, asked once; so are files."""
    if not raw.get("repeats") or kind in ("group", "display", "attachment") or _control(raw) == "check-box":
        return False
    if raw.get("readOnly") or len(raw.get("initial") or []) > 1 or ext.every(raw, CALCULATED):
        return False
    nested = raw.get("item") or []
    return any(isinstance(one, dict) and one.get("type") != "display" for one in nested)


def _listed(link_id: str, raw: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = raw.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Refused(link_id, f"'{name}' is not a list of elements")
    return found


def _text(raw: dict[str, Any], name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""


def _is_helper(raw: dict[str, Any]) -> bool:
    """A text that belongs to the item it stands in; it is shown there, not asked."""
    return raw.get("type") == "display" and _control(raw) in HELPERS


def _help(raw: dict[str, Any], language: str) -> str:
    return ext.translated(raw, "text", language)[:MOST_TEXT] if _is_helper(raw) else ""


def _control(raw: dict[str, Any]) -> str:
    concept = ext.first(raw, FHIR + "questionnaire-itemControl")
    coding = concept.get("coding") if isinstance(concept, dict) else None
    return str(coding[0].get("code", "")) if isinstance(coding, list) and coding else ""


def _markdown(raw: dict[str, Any], language: str) -> str:
    """rendering-markdown of the text; a translation of the text has none of its own and goes without."""
    beside = raw.get("_text")
    if not isinstance(beside, dict) or ext.translated(raw, "text", language) != _text(raw, "text"):
        return ""
    return str(ext.first(beside, FHIR + "rendering-markdown", default=""))[:MOST_TEXT]


def _variables(link_id: str, raw: dict[str, Any]) -> tuple[Variable, ...]:
    found = []
    for value in ext.every(raw, FHIR + "variable"):
        name = value.get("name") if isinstance(value, dict) else None
        if not isinstance(name, str) or not name.isidentifier():
            raise Refused(link_id, "a variable has no usable name")
        if value.get("language") != "text/fhirpath" or not isinstance(value.get("expression"), str):
            raise Refused(link_id, f"the variable {name} is not FHIRPath")
        found.append(Variable(name, value["expression"]))
    return tuple(found)


def _conditions(link_id: str, raw: dict[str, Any]) -> tuple[Condition, ...]:
    found = []
    for one in _listed(link_id, raw, "enableWhen"):
        answer = {f"value{key[6:]}": value for key, value in one.items() if key.startswith("answer")}
        question, operator = one.get("question"), one.get("operator")
        if operator not in OPERATORS or not isinstance(question, str) or len(answer) != 1:
            raise Refused(link_id, "enableWhen needs one question, one known operator and one answer")
        if operator == "exists" and not isinstance(answer.get("valueBoolean"), bool):
            raise Refused(link_id, "enableWhen with 'exists' needs answerBoolean (que-7)")
        found.append(Condition(question, str(operator), answer))
    if len(found) > 1 and raw.get("enableBehavior") not in ("all", "any"):
        raise Refused(link_id, "more than one enableWhen needs enableBehavior (que-12)")
    return tuple(found)


def _initial(link_id: str, kind: str, raw: dict[str, Any]) -> tuple[Answer, ...]:
    found = _listed(link_id, raw, "initial")
    if found and kind in ("group", "display"):
        raise Refused(link_id, "a group or text has no initial value (que-8)")
    for one in found:
        if not has_type(kind, one):
            raise Refused(link_id, "the initial value is not of the item's type")
    return tuple(dict(one) for one in found)


def _limits(link_id: str, kind: str, raw: dict[str, Any]) -> dict[str, Any]:
    length = raw.get("maxLength", 0)
    pattern = str(ext.first(raw, FHIR + "regex", default=""))
    if len(pattern) > LONGEST_PATTERN:
        raise Refused(link_id, f"the regular expression is longer than {LONGEST_PATTERN} characters")
    try:
        regex.compile(pattern)
    except regex.error:
        raise Refused(link_id, "the regular expression is not one") from None
    size = ext.first(raw, FHIR + "maxSize", default=0)
    return {
        "max_length": length if isinstance(length, int) and kind in WORDS | {"open-choice"} else 0,
        "minimum": _bound(link_id, kind, ext.first(raw, FHIR + "minValue")),
        "maximum": _bound(link_id, kind, ext.first(raw, FHIR + "maxValue")),
        "decimal_places": _whole(link_id, ext.first(raw, FHIR + "maxDecimalPlaces")),
        "pattern": pattern,
        "entry_format": str(ext.first(raw, FHIR + "entryFormat", default="")),
        # In R4 a decimal number of megabytes by its text; what is meant in files around is bytes from 1000 on.
        "max_size": int(size * 1024 * 1024 if size < 1000 else size) if isinstance(size, int | float) else 0,
        "mime_types": tuple(str(one) for one in ext.every(raw, FHIR + "mimeType")),
        "min_occurs": _whole(link_id, ext.first(raw, FHIR + "questionnaire-minOccurs")) or 0,
        "max_occurs": min(
            _whole(link_id, ext.first(raw, FHIR + "questionnaire-maxOccurs")) or 0, MOST_INSTANCES
        ),
    }


def _whole(link_id: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1_000_000:
        raise Refused(link_id, "a limit is not a whole number")
    return value


def _bound(link_id: str, kind: str, value: Any) -> Decimal | str | None:
    if value is None:
        return None
    if kind in TIMES and isinstance(value, str):
        return value
    number = value.get("value") if isinstance(value, dict) else value
    if kind not in NUMBERS | {"quantity"}:
        raise Refused(link_id, f"minValue and maxValue mean nothing for the type {kind}")
    try:
        return Decimal(str(number))
    except InvalidOperation:
        raise Refused(link_id, "minValue or maxValue is not a number") from None


def _units(link_id: str, raw: dict[str, Any]) -> dict[str, Any]:
    unit = ext.first(raw, FHIR + "questionnaire-unit")
    several = ext.every(raw, FHIR + "questionnaire-unitOption")
    for one in [*several, *([unit] if unit is not None else [])]:
        if not isinstance(one, dict) or not (one.get("code") or one.get("display")):
            raise Refused(link_id, "a unit has neither code nor name")
    return {
        "unit": unit,
        "units": tuple(several),
        "open_unit": ext.first(raw, SDC + "sdc-questionnaire-unitOpen", default="")
        in ("optionsOrString", "optionsOrType"),
    }


def _expressions(link_id: str, raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "calculated": ext.expression(link_id, raw, CALCULATED),
        "initial_expression": ext.expression(link_id, raw, SDC + "sdc-questionnaire-initialExpression"),
        "enable_expression": ext.expression(link_id, raw, SDC + "sdc-questionnaire-enableWhenExpression"),
    }
