"""Letting somebody in to chosen examinations: the grant is patients', which ones is kept here."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from klisza.accounts.services import draft
from klisza.base.errors import NotFound, Refused
from klisza.examinations import queries
from klisza.examinations.models import Examination, GrantedExamination
from klisza.patients import queries as patients
from klisza.patients import services as grants
from klisza.patients.models import Grant, Patient
from klisza.patients.viewer import Viewer

MOST_CHOSEN = 200


def give_at_desk(*, patient: Patient, chosen: Sequence[uuid.UUID] = (), **given: Any) -> Grant:
    """patients' service of this name; with scope "chosen" for examinations that stand in the patient's list.

    Raises NotFound for another one; Refused without any, ContactNotUsable.
    """
    if given.get("scope") != Grant.Scope.CHOSEN:
        return grants.give_at_desk(patient=patient, **given)
    mine = list(queries.listed(patient).filter(pk__in=list(chosen)[:MOST_CHOSEN]))
    if len(mine) != len(set(chosen)):
        raise NotFound
    _refuse_none(mine)
    made = None if given.get("user_name", "").strip() else draft()  # argon2: before the transaction
    with transaction.atomic():
        grant = grants.give_at_desk(patient=patient, made=made, **given)
        _keep(grant, mine)
    return grant


@transaction.atomic
def offer(
    *,
    viewer: Viewer,
    carer_name: str,
    scope: str,
    chosen: Sequence[uuid.UUID] = (),
    last_day: date | None = None,
) -> tuple[Grant, str]:
    """The person lets somebody in; returns the grant and the code to hand over.

    chosen: for scope "chosen" at least one of the person's own visible examinations. Raises NotFound for
    anybody but the person, and for an examination that is not to be seen; Refused, TooMany.
    """
    if viewer.kind != "patient" or viewer.patient_id is None:
        raise NotFound
    mine = [queries.get_visible(viewer, one, purpose="list") for one in list(chosen)[:MOST_CHOSEN]]
    if scope == Grant.Scope.CHOSEN:
        _refuse_none(mine)
    grant, code = grants.offer(
        patient=patients.get(viewer.patient_id),
        carer_name=carer_name,
        scope=scope,
        last_day=last_day,
        by=viewer.actor,
    )
    if scope == Grant.Scope.CHOSEN:
        _keep(grant, mine)
    return grant, code


def _refuse_none(chosen: Sequence[Examination]) -> None:
    if not chosen:
        raise Refused(_("Choose at least one examination."))


def _keep(grant: Grant, chosen: Sequence[Examination]) -> None:
    GrantedExamination.objects.bulk_create(GrantedExamination(grant=grant, examination=one) for one in chosen)
