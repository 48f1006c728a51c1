"""Answers are kept one by one as they are given; two devices never overwrite each other unnoticed (N20)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused, TooMany
from klisza.questionnaires import queries
from klisza.questionnaires.errors import SurveyClosed
from klisza.questionnaires.models import Answer, SurveyRequest
from klisza.questionnaires.reading import definition_of
from klisza.standards.questionnaire.errors import UnknownPath
from klisza.standards.questionnaire.model import MOST_INSTANCES, Item
from klisza.standards.questionnaire.paths import Path
from klisza.standards.questionnaire.places import instances
from klisza.standards.questionnaire.validate import check_place

from . import preparing

MOST_ANSWERS = 3000  # rows of one request
# A slip that the person may correct later is kept; what is no answer to this question at all is not.
KEPT_ALL_THE_SAME = frozenset(
    {"required", "too_few", "too_small", "too_large", "decimals", "pattern", "exclusive"}
)


@dataclass(frozen=True)
class Change:
    """seen: the version of the row that this device has shown; 0 = there was none."""

    path: str
    value: list[dict[str, Any]]
    seen: int = 0


@dataclass
class Outcome:
    """saved: path -> version now. clashes: path -> the row of another device, which was left as it is."""

    saved: dict[str, int] = field(default_factory=dict)
    clashes: dict[str, Answer] = field(default_factory=dict)


@transaction.atomic
def save(*, request: SurveyRequest, changes: Iterable[Change], by: Actor) -> Outcome:
    """Keep answers whose row is as this device has seen it; the others are given back as clashes.

    Raises SurveyClosed, Refused for what is no answer to the question.
    """
    row = _open(request)
    outcome = Outcome()
    wanted = {one.path: one for one in changes}
    for path, change in wanted.items():
        _check(row, path, change.value)
    there = {one.path: one for one in Answer.objects.filter(request=row, path__in=wanted)}
    for path, change in wanted.items():
        _keep(row, change, there.get(path), outcome)
    if outcome.saved:
        _note_change(row, by)
    return outcome


def _keep(row: SurveyRequest, change: Change, known: Answer | None, outcome: Outcome) -> None:
    if known is None:
        if Answer.objects.filter(request=row).count() >= MOST_ANSWERS:
            raise TooMany(_("There are too many answers in this survey."))
        Answer.objects.create(request=row, path=change.path, value=change.value, changed_at=clock.now())
        outcome.saved[change.path] = 1
    elif known.value == change.value:
        outcome.saved.setdefault(change.path, known.version)
    elif known.version != change.seen:
        outcome.clashes[change.path] = known
    else:
        known.value, known.version, known.changed_at = change.value, known.version + 1, clock.now()
        known.save(update_fields=["value", "version", "changed_at"])
        outcome.saved[change.path] = known.version


def _open(request: SurveyRequest) -> SurveyRequest:
    """The row, locked until the transaction ends: answers and the completion wait for each other."""
    row = SurveyRequest.objects.select_for_update().get(pk=request.pk)
    if not queries.is_answerable(row):
        raise SurveyClosed(_("This survey is not open any more. Nothing was changed."))
    return row


def _note_change(row: SurveyRequest, by: Actor) -> None:
    if row.begun_at is None:
        row.begun_at = clock.now()
        record("survey.begun", by=by, patient_id=row.patient_id, objects=[row])
    SurveyRequest.objects.filter(pk=row.pk).update(
        answers_version=F("answers_version") + 1, begun_at=row.begun_at
    )
    preparing.forget(row)


def _check(row: SurveyRequest, path: str, value: list[dict[str, Any]]) -> None:
    try:
        item, _place = definition_of(row.version).place(path)
    except UnknownPath:
        raise Refused(_("This question is not part of the survey.")) from None
    if not item.is_question or item.read_only or item.calculated:
        raise Refused(_("This cannot be answered."))
    fault = check_place(item, path, value)
    if fault and fault.code not in KEPT_ALL_THE_SAME:
        raise Refused(_("This is no answer to the question."))


@transaction.atomic
def add_instance(*, request: SurveyRequest, path: str, by: Actor) -> int:
    """One more of a repeating group; returns its number. Raises SurveyClosed, Refused."""
    row = _open(request)
    item, known, numbers = _group(row, path)
    if len(numbers) >= (item.max_occurs or MOST_INSTANCES):
        raise Refused(_("There cannot be more of these."))
    new = max(numbers) + 1
    _set_instances(row, path, known, [*numbers, new])
    _note_change(row, by)
    return new


@transaction.atomic
def remove_instance(*, request: SurveyRequest, path: str, number: int, by: Actor) -> None:
    """With everything that was said in it; the last one is emptied. Raises SurveyClosed, Refused."""
    row = _open(request)
    item, known, numbers = _group(row, path)
    if number not in numbers:
        return
    _item, place = definition_of(row.version).place(path)
    for answer in Answer.objects.filter(request=row):
        if _stands_in(row, answer.path, item, (*place.at, number)):
            answer.delete()
    left = [one for one in numbers if one != number] or [number + 1]
    _set_instances(row, path, known, left)
    _note_change(row, by)


def _group(row: SurveyRequest, path: str) -> tuple[Item, Answer | None, list[int]]:
    try:
        item, place = definition_of(row.version).place(path)
    except UnknownPath:
        raise Refused(_("This question is not part of the survey.")) from None
    if not item.is_loop:
        raise Refused(_("There cannot be more of these."))
    known = Answer.objects.filter(request=row, path=path).first()
    return item, known, instances(item, place.at, {path: known.value} if known else {})


def _set_instances(row: SurveyRequest, path: str, known: Answer | None, numbers: list[int]) -> None:
    value = [{"instance": one} for one in numbers]
    if known is None:
        Answer.objects.create(request=row, path=path, value=value, changed_at=clock.now())
        return
    known.value, known.version, known.changed_at = value, known.version + 1, clock.now()
    known.save(update_fields=["value", "version", "changed_at"])


def _stands_in(row: SurveyRequest, path: str, group: Item, at: tuple[int, ...]) -> bool:
    item, place = definition_of(row.version).place(path)
    return group.link_id in item.ancestors and Path(*place).at[: len(at)] == at


def remember_page(*, request: SurveyRequest, page: int) -> None:
    """Where the person goes on next time, on whatever device."""
    if request.page != page:
        SurveyRequest.objects.filter(pk=request.pk, state=SurveyRequest.State.OPEN).update(page=page)
