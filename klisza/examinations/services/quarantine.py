"""Examinations whose patient is in doubt after a move (ADT A43, A44, A45): hidden until staff have looked."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from klisza.archive.models import Study
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.examinations.models import Examination, ExaminationStudy
from klisza.patients.models import Patient, PatientIdentifier

from .breaches import note_breach
from .matching import MOVED
from .state import refresh


@transaction.atomic
def hide_moved(*, patient: Patient, by: Actor, proven: bool = False) -> list[Examination]:
    """Hide what stands on this record. Returns what was hidden now.

    proven: leave what the images themselves give to an identifier that stayed with the record; a move of a
    visit (A44, A45) says nothing about identifiers, so nothing is proven then.
    """
    hidden = []
    for examination in Examination.objects.filter(patient=patient, hidden_reason="").order_by("pk"):
        if proven and _is_proven(examination, {patient.pk}):
            continue
        if examination.visible:
            note_breach(examination=examination, cause="moved_study", by=by)
        Examination.objects.filter(pk=examination.pk).update(hidden_reason=MOVED)
        hidden.append(refresh(examination))
        record("examination.held", by=by, patient_id=patient.pk, objects=[examination], reason=MOVED)
    return hidden


@transaction.atomic
def show_again(*, examination: Examination, by: Actor) -> None:
    """Staff have made sure that it is this patient's."""
    if Examination.objects.filter(pk=examination.pk, hidden_reason=MOVED).update(hidden_reason=""):
        refresh(examination)
        record("examination.released", by=by, patient_id=examination.patient_id, objects=[examination])


def _is_proven(examination: Examination, mine: Collection[UUID]) -> bool:
    links = ExaminationStudy.objects.filter(examination=examination).values("study")
    studies = list(Study.objects.filter(pk__in=links))
    return bool(studies) and all(
        PatientIdentifier.objects.filter(
            issuer=study.issuer, value=study.patient_id, patient__in=mine
        ).exists()
        for study in studies
    )
