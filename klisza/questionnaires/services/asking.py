"""Whom the hospital asks: a list of people, and everybody whose order has a code."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from klisza.audit.actor import SYSTEM, Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import NotFound, Refused
from klisza.examinations.models import Order
from klisza.patients import queries as patients
from klisza.patients.models import Patient
from klisza.questionnaires.models import Flag, ProcedureRule, Questionnaire, SurveyRequest
from klisza.questionnaires.queries import staff as queries

from .requests import account_id, ask, withdraw

RULES_MOST = 500
AT_ONCE = 10
LEAST_TIME = timedelta(hours=12)  # an appointment of tomorrow morning still gets its questions


def ask_people(
    *,
    people: Sequence[Patient],
    questionnaire: Questionnaire,
    message: str = "",
    due_at: datetime | None = None,
    by: Actor,
) -> list[SurveyRequest]:
    """One request each, of the current version; who has an open one of this questionnaire is not asked twice.

    Raises Refused when it cannot be asked now.
    """
    if questionnaire.state != Questionnaire.State.ACTIVE or questionnaire.current is None:
        raise Refused(_("This questionnaire is not in use."))
    if due_at is not None and due_at <= clock.now():
        raise Refused(_("The last day must be in the future."))
    busy = queries.busy_with(questionnaire, people)
    wanted = {patients.survivor(one).pk: patients.survivor(one) for one in people}
    rest = [one for key, one in wanted.items() if key not in busy]
    made: list[SurveyRequest] = []
    for start in range(0, len(rest), AT_ONCE):  # a long list is no long transaction; who is asked stays asked
        some = rest[start : start + AT_ONCE]
        made += ask(patients=some, version=questionnaire.current, message=message, due_at=due_at, by=by)
    return made


@transaction.atomic
def set_rule(
    *, procedure_code: str, questionnaire: Questionnaire, message: str, days_before: int, by: Actor
) -> ProcedureRule:
    """Orders with this code that come from now on. Raises Refused when there is such a rule."""
    rules = ProcedureRule.objects.filter(procedure_code=procedure_code)
    if rules.filter(questionnaire=questionnaire).exists() or ProcedureRule.objects.count() >= RULES_MOST:
        raise Refused(_("There is such a rule already."))
    rule = ProcedureRule.objects.create(
        procedure_code=procedure_code[:64], questionnaire=questionnaire, message=message[:1000],
        days_before=days_before, created_at=clock.now(),
        created_by_id=account_id(by),
    )  # fmt: skip
    record("rule.changed", by=by, objects=[rule])
    return rule


@transaction.atomic
def delete_rule(*, rule_id: uuid.UUID, by: Actor) -> None:
    """Who was asked stays asked. Raises NotFound."""
    rule = ProcedureRule.objects.filter(pk=rule_id).first()
    if rule is None:
        raise NotFound
    record("rule.changed", by=by, objects=[rule])
    rule.delete()


@transaction.atomic
def ask_of_order(*, order: Order, rule: ProcedureRule) -> bool:
    """Once per order and questionnaire, whatever came between."""
    held = ProcedureRule.objects.select_for_update().filter(pk=rule.pk).first()
    if held is None or rule.questionnaire.current is None or queries.is_asked(order, rule.questionnaire):
        return False
    person = patients.survivor(order.patient)
    made = ask(
        patients=[person], version=rule.questionnaire.current, order=order, message=rule.message,
        due_at=_due(order, rule), by=SYSTEM,
    )  # fmt: skip
    return bool(made)


def withdraw_cancelled(*, request: SurveyRequest) -> bool:
    """Its order was cancelled: nobody needs the answers."""
    account = patients.account_of(patients.survivor(request.patient))
    with translation.override(account.language if account else settings.LANGUAGE_CODE):
        reason = _("The examination was cancelled.")
    try:
        withdraw(request=request, reason=reason, by=SYSTEM)
    except Refused:
        return False
    return True


@transaction.atomic
def note_seen(*, request: SurveyRequest, by: Actor) -> int:
    """Staff have read all its flags; who and when stays with each."""
    unseen = Flag.objects.filter(completion__request=request, seen_at=None)
    changed = unseen.update(seen_at=clock.now(), seen_by_id=account_id(by))
    if changed:
        record("survey.flags_seen", by=by, patient_id=request.patient_id, objects=[request])
    return changed


def note_read(*, request: SurveyRequest, by: Actor, action: str = "survey.viewed") -> None:
    """Before anything of it is shown; it stands in the patient's log."""
    record(action, by=by, patient_id=request.patient_id, objects=[request])


def _due(order: Order, rule: ProcedureRule) -> datetime | None:
    if order.scheduled_at is None:
        return None
    wanted = order.scheduled_at - timedelta(days=rule.days_before)
    return max(wanted, min(order.scheduled_at, clock.now() + LEAST_TIME))
