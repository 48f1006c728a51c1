"""Requests and what came back, as staff read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from klisza.patients import queries as patients
from klisza.patients.models import Patient
from klisza.questionnaires.models import Completion, Flag, SurveyRequest
from klisza.standards.questionnaire import definition as standard
from klisza.standards.questionnaire.model import Definition, Item
from klisza.standards.questionnaire.values import same, shown

STATES: dict[str, str | Promise] = {
    "open": gettext_lazy("not answered yet"),
    "answered": gettext_lazy("answered"),
    "incomplete": gettext_lazy("answered, files incomplete"),
    "withdrawn": pgettext_lazy("survey", "withdrawn"),
    "expired": gettext_lazy("expired"),
}
TONES = {"open": "badge-wait", "answered": "badge-ok", "incomplete": "badge-wait"}
ENDINGS: dict[str, str | Promise] = {
    "uploaded": gettext_lazy("with files"),
    "without": gettext_lazy("delivered without uploading: the patient has no files to add"),
    "delivered": gettext_lazy("answers only"),
}
SEVERITIES: dict[str, str | Promise] = {
    "danger": gettext_lazy("danger"),
    "warning": gettext_lazy("warning"),
    "info": gettext_lazy("note"),
}


@dataclass(frozen=True)
class Row:
    request: SurveyRequest
    person: str
    birth_date: date | None
    title: str
    state: str | Promise
    tone: str
    by: str | Promise


@dataclass(frozen=True)
class Came:
    """A row of the inbox."""

    request: SurveyRequest
    person: str
    birth_date: date | None
    title: str
    at: datetime
    unseen: int
    flags: int
    is_grave: bool


@dataclass(frozen=True)
class Told:
    flag: Flag
    severity: str | Promise
    seen_by: str


@dataclass(frozen=True)
class Said:
    """One line of the answers. is_heading: a group."""

    text: str
    answers: list[str]
    depth: int
    is_heading: bool


def rows(requests: Iterable[SurveyRequest]) -> list[Row]:
    return [row(one) for one in requests]


def row(request: SurveyRequest) -> Row:
    person = _person(request)
    return Row(
        request=request, person=patients.full_name(person), birth_date=person.birth_date,
        title=request.version.questionnaire.name, state=STATES.get(request.state, request.state),
        tone=TONES.get(request.state, ""), by=_by(request),
    )  # fmt: skip


def came(completions: Iterable[Any]) -> list[Came]:
    """completions: as queries.staff.answered counts them."""
    found = []
    for one in completions:
        person = _person(one.request)
        found.append(Came(
            request=one.request, person=patients.full_name(person), birth_date=person.birth_date,
            title=one.request.version.questionnaire.name, at=one.completed_at, unseen=one.unseen,
            flags=one.flag_count, is_grave=one.gravest == 3,
        ))  # fmt: skip
    return found


def told(flags: Iterable[Flag]) -> list[Told]:
    return [
        Told(one, SEVERITIES.get(one.severity, one.severity), one.seen_by.user_name if one.seen_by else "")
        for one in flags
    ]


def said(completion: Completion) -> list[Said]:
    """The questions that were asked, with their answers, in the words of whoever reads."""
    language = (get_language() or "pl").split("-")[0]
    definition = standard.read(completion.request.version.definition, language=language)
    return _lines(completion.response.get("item", []), definition, 0)


def _lines(items: Sequence[dict[str, Any]], definition: Definition, depth: int) -> list[Said]:
    found: list[Said] = []
    for one in items:
        item = definition.by_link.get(str(one.get("linkId")))
        text = (item.text if item else "") or str(one.get("text") or "")
        answers = [_words(answer, item) for answer in one.get("answer", [])]
        is_group = item is not None and item.type == "group"
        if text or answers:
            found.append(Said(text, answers, depth, is_group))
        found += _lines(one.get("item", []), definition, depth + 1)
        for answer in one.get("answer", []):
            found += _lines(answer.get("item", []), definition, depth + 1)
    return found


def _words(answer: dict[str, Any], item: Item | None) -> str:
    value = {key: part for key, part in answer.items() if key.startswith("value")}
    if "valueBoolean" in value:
        return _("yes") if value["valueBoolean"] else _("no")
    for option in item.options if item else ():
        if same(option.answer, value):
            return option.label
    unit = item.unit if item else None
    text = shown(value)
    if unit and ("valueDecimal" in value or "valueInteger" in value):
        return f"{text} {unit.get('display') or unit.get('code') or ''}".strip()
    return text


def _person(request: SurveyRequest) -> Patient:
    return patients.survivor(request.patient)


def _by(request: SurveyRequest) -> str | Promise:
    if request.is_own:
        return _("the patient")
    if request.asked_by:
        return str(request.asked_by.user_name)
    return _("rule by procedure code") if request.order_id else _("the portal")
