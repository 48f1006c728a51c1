"""Letting somebody in to chosen examinations: the grant is patients', which ones is kept here."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from klisza.base.errors import NotFound, Refused
from klisza.examinations import queries
from klisza.examinations.models import GrantedExamination
from klisza.patients import queries as patients
from klisza.patients import services as grants
from klisza.patients.models import Grant
from klisza.patients.viewer import Viewer

MOST_CHOSEN = 200


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
    if scope == Grant.Scope.CHOSEN and not mine:
        raise Refused(_("Choose at least one examination."))
    grant, code = grants.offer(
        patient=patients.get(viewer.patient_id),
        carer_name=carer_name,
        scope=scope,
        last_day=last_day,
        by=viewer.actor,
    )
    if scope == Grant.Scope.CHOSEN:
        rows = [GrantedExamination(grant=grant, examination=one) for one in mine]
        GrantedExamination.objects.bulk_create(rows)
    return grant, code
