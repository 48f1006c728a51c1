"""Invitation waves and how they go."""

from __future__ import annotations

import uuid

from klisza.base.errors import NotFound
from klisza.patients.models import InvitationWave, Patient
from klisza.patients.queries.invitations import Figures, wave_figures
from klisza.patients.queries.invitations import waves as all_waves

MOST_SHOWN = 50


def waves() -> list[tuple[InvitationWave, Figures]]:
    return [(wave, wave_figures(wave)) for wave in all_waves()[:MOST_SHOWN]]


def wave(wave_id: uuid.UUID) -> InvitationWave:
    """Raises NotFound."""
    found = InvitationWave.objects.filter(pk=wave_id).first()
    if found is None:
        raise NotFound
    return found


def without_account() -> int:
    """Persons of the initial load who were not invited yet."""
    people = Patient.objects.filter(is_quiet=True, survivor=None, account=None, invitation=None)
    return people.filter(is_dead=False, restricted_reason="").count()
