"""Images that were rejected, withheld or moved to another patient: what that does to examinations.

The archive hides them at once and leaves a Correction; here the examinations follow, each correction once.
"""

from __future__ import annotations

import uuid

from django.db import transaction

from klisza.archive import services as archive
from klisza.archive.models import Correction, Instance, Study
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.turns import Turns
from klisza.examinations import queries
from klisza.examinations.models import Examination, ExaminationStudy, StudyDecision, StudyIntake
from klisza.patients.models import Patient
from klisza.standards.dicom.rejection import SAFETY, WRONG_WORKLIST_ENTRY

from .breaches import note_breach, was_visible
from .encapsulated import take_back
from .linking import link_study
from .state import refresh

BREACHES = (SAFETY, WRONG_WORKLIST_ENTRY)
TURNS = Turns("corrections")
TAKEN_AWAY = ("rejected", "mixed")


def follow_corrections(limit: int, *, by: Actor) -> int:
    waiting = Correction.objects.filter(handled_at=None).order_by("at")
    return TURNS.take(lambda most: waiting[:most], lambda one: _follow(one.pk, by=by), limit=limit)


@transaction.atomic
def _follow(correction_id: uuid.UUID, *, by: Actor) -> bool:
    row = Correction.objects.select_for_update().filter(pk=correction_id, handled_at=None).first()
    if row is None:
        return False
    study = Study.objects.get(pk=row.study_id)
    examinations = _examinations_of(study)
    if row.kind == "moved":
        _move(study, examinations, by=by)
    else:
        if row.kind == "rejected" and row.code in BREACHES:
            for examination in examinations:
                note_breach(examination=examination, cause="rejection_note", by=by)
        _refresh(study, examinations, taken_away=row.kind in TAKEN_AWAY, by=by)
    row.handled_at = clock.now()
    row.save(update_fields=["handled_at"])
    return True


def _examinations_of(study: Study) -> list[Examination]:
    """Their people are locked as linking does it: no merge and no report comes in between."""
    links = ExaminationStudy.objects.filter(study=study)
    people = links.values("examination__patient")
    list(Patient.objects.select_for_update().filter(pk__in=people).order_by("pk"))
    return list(Examination.objects.filter(study_links__in=links).order_by("pk"))


def _refresh(study: Study, examinations: list[Examination], *, taken_away: bool, by: Actor) -> None:
    """Reports that came out of hidden objects go with them; those of objects that are shown again come back."""
    papers = Instance.objects.filter(series__study=study, sop_class_uid__in=queries.REPORT_CLASSES)
    gone = taken_away and papers.exclude(hidden_reason="").exists()
    if not taken_away:
        StudyIntake.objects.filter(study=study, outcome="linked").update(documents_taken=False)
    for examination in examinations:
        if gone:
            take_back(study=study, examination=examination, by=by)
        refresh(examination)


def _move(study: Study, examinations: list[Examination], *, by: Actor) -> None:
    """Away from the old patient, to the new one if known; only then may anybody see it again."""
    owner = queries.owner_of(study.issuer, study.patient_id)
    family = queries.family(owner) if owner else frozenset()
    for examination in examinations:
        if examination.patient_id not in family:
            record("study.moved", by=by, patient_id=examination.patient_id, objects=[study, examination])
            if was_visible(examination):
                note_breach(examination=examination, cause="moved_study", by=by)
    # Staff had said whose it is; the hospital's archive says so now.
    StudyDecision.objects.filter(study=study, patient__isnull=False).exclude(patient__in=family).delete()
    link_study(study=study, by=by)
    archive.show_moved(study=study, by=by)
