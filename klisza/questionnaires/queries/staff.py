"""What staff see of questionnaires: the forms, whom they were sent to, what came back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Case, Count, Exists, IntegerField, Max, Model, OuterRef, Q, QuerySet, Value, When

from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.examinations.models import Order
from klisza.examinations.models.examination import State as OrderState
from klisza.patients import queries as patients
from klisza.patients.models import Patient
from klisza.questionnaires.models import (
    Completion,
    Draft,
    Flag,
    ProcedureRule,
    Questionnaire,
    QuestionnaireVersion,
    SurveyRequest,
)
from klisza.uploads.models import Delivery

MOST_ROWS = 200
WEIGHTS = {"danger": 3, "warning": 2, "info": 1}
State = SurveyRequest.State
Row = TypeVar("Row", bound=Model)


def questionnaires() -> QuerySet[Questionnaire]:
    """Those in use first."""
    order = Case(
        When(state=Questionnaire.State.ACTIVE, then=Value(0)),
        When(state=Questionnaire.State.DRAFT, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    rows = Questionnaire.objects.select_related("current").annotate(
        place=order,
        has_draft=Exists(Draft.objects.filter(questionnaire=OuterRef("pk"))),
        open_requests=Count("versions__requests", filter=Q(versions__requests__state=State.OPEN)),
    )
    return rows.order_by("place", "name", "pk")


def questionnaire(questionnaire_id: uuid.UUID) -> Questionnaire:
    """Raises NotFound."""
    return _one(questionnaires().filter(pk=questionnaire_id))


def version(questionnaire: Questionnaire, number: int) -> QuestionnaireVersion:
    return _one(questionnaire.versions.filter(number=number))


def versions(questionnaire: Questionnaire) -> QuerySet[QuestionnaireVersion]:
    """With how many people were asked with each; newest first."""
    rows = questionnaire.versions.select_related("created_by").annotate(asked=Count("requests"))
    return rows.order_by("-number")


def draft_of(questionnaire: Questionnaire) -> Draft | None:
    return Draft.objects.filter(questionnaire=questionnaire).first()


def draft(questionnaire: Questionnaire) -> Draft:
    """Raises NotFound."""
    return _one(Draft.objects.filter(questionnaire=questionnaire))


def in_use() -> QuerySet[Questionnaire]:
    """Those one can be asked with."""
    rows = Questionnaire.objects.filter(state=Questionnaire.State.ACTIVE, current__isnull=False)
    return rows.order_by("name", "pk")


def busy_with(questionnaire: Questionnaire, people: Iterable[Patient]) -> set[uuid.UUID]:
    """Persons (survivors) who have an open request of it already."""
    by_record = {one: patients.survivor(person).pk for person in people for one in _family(person)}
    rows = SurveyRequest.objects.filter(
        state=State.OPEN, version__questionnaire=questionnaire, patient__in=list(by_record)
    )
    return {by_record[one] for one in rows.values_list("patient_id", flat=True)}


def _family(person: Patient) -> frozenset[uuid.UUID]:
    return patients.aliases(patients.survivor(person))


def request(request_id: uuid.UUID) -> SurveyRequest:
    """Raises NotFound."""
    rows = SurveyRequest.objects.select_related(
        "patient", "version__questionnaire", "order", "asked_by", "completion__pdf"
    )
    return _one(rows.filter(pk=request_id))


def sent(*, state: str = "", patient: Patient | None = None) -> QuerySet[SurveyRequest]:
    """Requests, newest first."""
    rows = SurveyRequest.objects.select_related("patient", "version__questionnaire", "asked_by")
    if state:
        rows = rows.filter(state=state)
    if patient is not None:
        rows = rows.filter(patient__in=_family(patient))
    return rows.order_by("-asked_at", "-pk")


def answered(*, only_flags: bool = False, questionnaire_id: uuid.UUID | None = None) -> QuerySet[Completion]:
    """Inbox: what has flags nobody has seen first, the gravest on top; then by time, newest first."""
    grave = Max(
        Case(
            *(When(flags__severity=name, then=Value(weight)) for name, weight in WEIGHTS.items()),
            default=Value(0),
            output_field=IntegerField(),
        ),
        filter=Q(flags__seen_at=None),
    )
    rows = Completion.objects.select_related("request__patient", "request__version__questionnaire")
    rows = rows.annotate(
        unseen=Count("flags", filter=Q(flags__seen_at=None)), flag_count=Count("flags"), gravest=grave
    )
    if only_flags:
        rows = rows.filter(unseen__gt=0)
    if questionnaire_id:
        rows = rows.filter(request__version__questionnaire=questionnaire_id)
    return rows.order_by(
        Case(When(unseen__gt=0, then=Value(0)), default=Value(1), output_field=IntegerField()),
        Case(When(unseen__gt=0, then="gravest"), default=Value(0), output_field=IntegerField()).desc(),
        "-completed_at",
        "-pk",
    )


def with_unseen_flags() -> QuerySet[Completion]:
    """For the number on the first page."""
    return Completion.objects.filter(Exists(Flag.objects.filter(completion=OuterRef("pk"), seen_at=None)))


def incomplete() -> QuerySet[SurveyRequest]:
    """Answered; promised files have not come in time (M6.8). Oldest first."""
    rows = SurveyRequest.objects.filter(state=State.INCOMPLETE)
    return rows.select_related("patient", "version__questionnaire", "completion").order_by(
        "completion__completed_at", "pk"
    )


def flags_of(completion: Completion) -> QuerySet[Flag]:
    return completion.flags.select_related("seen_by").order_by("pk")


def delivery_of(request: SurveyRequest) -> uuid.UUID | None:
    """The files that were handed in with it, for whoever looks them through."""
    rows = Delivery.objects.filter(purpose="survey", subject=request.pk)
    return rows.values_list("pk", flat=True).first()


def rules() -> QuerySet[ProcedureRule]:
    return ProcedureRule.objects.select_related("questionnaire").order_by("procedure_code", "created_at")


def is_asked(order: Order, questionnaire: Questionnaire) -> bool:
    return SurveyRequest.objects.filter(order=order, version__questionnaire=questionnaire).exists()


@dataclass(frozen=True)
class Due:
    order: Order
    rule: ProcedureRule

    @property
    def pk(self) -> tuple[uuid.UUID, uuid.UUID]:
        return self.order.pk, self.rule.pk


def orders_to_ask(limit: int) -> list[Due]:
    """Planned ones with a code of a rule that came after the rule and were not asked about by it."""
    found: list[Due] = []
    active = {"questionnaire__state": Questionnaire.State.ACTIVE, "questionnaire__current__isnull": False}
    for rule in rules().select_related("questionnaire__current").filter(**active):
        if len(found) >= limit:
            break
        asked = SurveyRequest.objects.filter(
            order=OuterRef("pk"), version__questionnaire=rule.questionnaire_id
        )
        rows = Order.objects.filter(
            ~Exists(asked), ~Q(scheduled_at__lt=clock.now()) | Q(scheduled_at=None),
            procedure_code=rule.procedure_code, state=OrderState.PLANNED, created_at__gte=rule.created_at,
            patient__restricted_reason="", patient__is_dead=False,
        ).select_related("patient").order_by("created_at", "pk")[: limit - len(found)]  # fmt: skip
        found += [Due(order, rule) for order in rows]
    return found


def of_cancelled_orders(limit: int) -> list[SurveyRequest]:
    rows = SurveyRequest.objects.filter(state=State.OPEN, order__state=OrderState.CANCELLED)
    return list(rows.select_related("patient")[:limit])


def people_by_identifier(wanted: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Patient]:
    """(issuer, value) -> the person it means now; unknown ones are missing."""
    found = {}
    for issuer, value in wanted:
        person = patients.find_by_identifier(issuer, value)
        if person is not None:
            found[issuer, value] = person
    return found


def _one(rows: QuerySet[Row]) -> Row:
    found = rows.first()
    if found is None:
        raise NotFound
    return found
