"""A questionnaire as staff build it: its questions in a list, each with what is special about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from klisza.base.errors import Refused
from klisza.questionnaires.building import answers, fhir, fields, tree
from klisza.questionnaires.building.words import NAMES, REASONS
from klisza.standards.questionnaire import flags

SHORT = 80
SIGNS = {"=": "=", "!=": "≠", ">": ">", "<": "<", ">=": "≥", "<=": "≤"}
ASKED = frozenset(NAMES) - {"group", "display", "attachment"}


@dataclass(frozen=True)
class Line:
    """One item of the list. notes: what is special about it, in words."""

    place: str
    number: str
    depth: int
    text: str
    kind: str | Promise
    link_id: str
    notes: list[str]
    is_first: bool
    is_last: bool
    can_enter: bool
    can_leave: bool
    is_group: bool

    @property
    def anchor(self) -> str:
        return f"line-{self.place.replace('.', '-')}"


def main_language(definition: Mapping[str, Any]) -> str:
    return str(definition.get("language") or "pl").split("-")[0]


def lines(definition: dict[str, Any]) -> list[Line]:
    rows = tree.rows(definition)
    by_link = {str(row.item.get("linkId")): row for row in rows}
    return [_line(row, by_link) for row in rows]


def short(item: Mapping[str, Any]) -> str:
    text = " ".join(str(item.get("text") or item.get("linkId") or "").split())
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


def _line(row: tree.Row, by_link: Mapping[str, tree.Row]) -> Line:
    item = row.item
    return Line(
        place=row.place, number=row.number, depth=row.depth, text=short(item),
        kind=_("page") if fhir.control_of(item) == "page" else NAMES.get(str(item.get("type")), str(item.get("type"))),
        link_id=str(item.get("linkId", "")), notes=_notes(item, by_link), is_first=row.is_first,
        is_last=row.is_last, can_enter=row.group_before, can_leave=row.depth > 0,
        is_group=item.get("type") == "group",
    )  # fmt: skip


def _notes(item: Mapping[str, Any], by_link: Mapping[str, tree.Row]) -> list[str]:
    notes = []
    if item.get("required"):
        notes.append(_("must be answered"))
    if item.get("repeats"):
        notes.append(_("several answers"))
    if fields.expression_of(item, fhir.CALCULATED):
        notes.append(_("calculated"))
    found = item.get("enableWhen", [])
    told = [
        _condition(
            one, by_link, is_same=bool(number) and one.get("question") == found[number - 1].get("question")
        )
        for number, one in enumerate(found)
    ]
    if told:
        word = _(" and ") if item.get("enableBehavior") == "all" else _(" or ")
        notes.append(_("only if %(conditions)s") % {"conditions": word.join(told)})
    for _answer, text, _severity in fields.flags_of(item, flags.URL):
        notes.append(_("tells staff: %(text)s") % {"text": text})
    return notes


def _condition(condition: Mapping[str, Any], by_link: Mapping[str, tree.Row], *, is_same: bool) -> str:
    """is_same: the condition before asks the same question; then it is not named again."""
    row = by_link.get(str(condition.get("question")))
    if row is None:
        return str(condition.get("question"))
    question = "" if is_same else f"{row.number} ({short(row.item)}) "
    operator = str(condition.get("operator"))
    if operator == "exists":
        word = _("is answered") if condition.get("answerBoolean") else _("is not answered")
        return f"{question}{word}"
    said = answers.of_option(row.item, condition) or answers.in_words(condition, yes=_("yes"), no=_("no"))
    return f"{question}{SIGNS.get(operator, operator)} {said}"


def why(definition: dict[str, Any], refusal: Refused) -> str:
    """The sentence; an item that is in the way by its number and words, as the list has it."""
    link_id = getattr(refusal, "link_id", "")
    for row in tree.rows(definition):
        if link_id and row.item.get("linkId") == link_id:
            cause = getattr(refusal, "cause", "")
            said = {"item": f"{row.number} ({short(row.item)})", "cause": REASONS.get(cause, cause)}
            return _("Item %(item)s: %(cause)s") % said
    return refusal.sentence


def places(definition: dict[str, Any]) -> list[tuple[str, str]]:
    """Where a new question may go."""
    return [
        (line.place, (_("in %(number)s %(text)s") if line.is_group else _("after %(number)s %(text)s"))
         % {"number": line.number, "text": line.text})
        for line in lines(definition)
    ]  # fmt: skip


def askable(definition: dict[str, Any], item: Mapping[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Questions that may decide whether this one is asked: all others that have an answer."""
    inside = {str(one.get("linkId")) for one in (item, *tree.walk(dict(item)))}
    return [
        (str(row.item.get("linkId")), f"{row.number} {short(row.item)}", row.item)
        for row in tree.rows(definition)
        if row.item.get("type") in ASKED and str(row.item.get("linkId")) not in inside
    ]


def known_answers(asked: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
    """For the list that opens at an answer's field."""
    found = {_("yes"): None, _("no"): None}
    for _link_id, _words, item in asked:
        found |= dict.fromkeys(answers.in_words(one, "", "") for one in item.get("answerOption", []))
    return [one for one in found if one]
