"""A study finds its patient and its examination; what does not match is shown to nobody (R60)."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Q, QuerySet

from klisza.accounts.services import revoke
from klisza.archive.models import Series, Study
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.examinations import identity, kinds, queries
from klisza.examinations.models import Examination, ExaminationStudy, StudyIntake
from klisza.patients import queries as patients
from klisza.patients.models import Patient

from .describing import performed_at
from .encapsulated import take_back
from .state import refresh


class Unmatched(Exception):
    """Why a study belongs to nobody; the code is what staff see."""


@transaction.atomic
def link_study(*, study: Study, by: Actor) -> StudyIntake | None:
    """Link one study to an examination of its patient, or note why not.

    A study that is still arriving is linked too when its patient is known, but no intake is kept: it is
    looked at
    again when it settles. Studies of a kind that is not shown and whose patient is unknown are no task for
    staff.
    """
    reason = ""
    _hold(study)
    try:
        patient, reason = _patient_of(study)
        examination = _link(study, patient, by=by)
        outcome = "linked" if examination.shown_kind else "not_shown"
    except Unmatched as why:
        _unlink(study, by=by)
        outcome, reason = ("unmatched" if _kind(study).shown else "not_shown"), str(why)
    if study.state != Study.State.SETTLED:
        return None
    values = {
        "revision": study.revision,
        "outcome": outcome,
        "reason": reason,
        "at": clock.now(),
        "documents_taken": outcome != "linked",
    }
    return StudyIntake.objects.update_or_create(study=study, defaults=values)[0]


def _hold(study: Study) -> None:
    """Nobody this study may join or leave is corrected, or given a report, until the link is decided."""
    owner = queries.owner_of(study.issuer, study.patient_id)
    people = {owner.pk, patients.survivor(owner).pk} if owner else set()
    people |= set(ExaminationStudy.objects.filter(study=study).values_list("examination__patient", flat=True))
    list(Patient.objects.select_for_update().filter(pk__in=people).order_by("pk"))


def _patient_of(study: Study) -> tuple[Patient, str]:
    """The record to link to and a warning for staff; raises Unmatched."""
    if not study.patient_id.strip():
        raise Unmatched("no_patient_id")
    owner = queries.owner_of(study.issuer, study.patient_id)
    if owner is None:
        raise Unmatched("unknown_patient")
    person = patients.survivor(owner)
    if identity.birth_date_differs(study.patient_birth_date, person.birth_date):
        raise Unmatched("birth_date_differs")
    differ = identity.names_differ(study.patient_name, family=person.family_name, given=person.given_name)
    if all(differ):
        raise Unmatched("name_differs")
    return owner, "family_name_differs" if differ[0] else ""


def _link(study: Study, patient: Patient, *, by: Actor) -> Examination:
    mine = queries.family(patient)
    _unlink(study, unless=mine, by=by)
    examination, how = _examination_for(study, patient, mine)
    now = clock.now()
    _, made = ExaminationStudy.objects.get_or_create(
        examination=examination, study=study, defaults={"how": how, "linked_at": now}
    )
    if made:
        record("study.linked", by=by, patient_id=patient.pk, objects=[study, examination])
    if study.accession_number and not examination.accession_number:
        examination.accession_number = study.accession_number
        examination.save(update_fields=["accession_number"])
    return refresh(examination)


def _examination_for(study: Study, patient: Patient, mine: frozenset[uuid.UUID]) -> tuple[Examination, str]:
    """By what is linked already, by the UID a report named, by (issuer, accession), else a new one."""
    if linked := queries.linked_examination(study):
        return linked, ""
    uid = study.study_instance_uid
    by_uid = Examination.objects.filter(study_instance_uid=uid).order_by("created_at", "id")
    if found := _own(by_uid, mine, "study_of_other_patient"):
        return found, "uid"
    if study.accession_number:
        same = Q(issuer=study.issuer, accession_number=study.accession_number)
        by_accession = Examination.objects.filter(same).order_by("created_at", "id")
        if found := _own(by_accession, mine, "accession_of_other_patient"):
            return found, "accession"
    return _shell(study, patient), "shell"


def _own(candidates: QuerySet[Examination], mine: frozenset[uuid.UUID], otherwise: str) -> Examination | None:
    """The first of this patient; Unmatched when somebody else's alone is of this name."""
    found = list(candidates)
    own = next((examination for examination in found if examination.patient_id in mine), None)
    if own is None and not all(map(queries.is_left, found)):
        raise Unmatched(otherwise)
    return own


def _shell(study: Study, patient: Patient) -> Examination:
    now = clock.now()
    return Examination.objects.create(
        patient=patient,
        kind=_kind(study).code,
        performed_at=performed_at(study),
        issuer=study.issuer,
        accession_number=study.accession_number,
        place=study.institution_name,
        created_at=now,
        updated_at=now,
    )


def _unlink(study: Study, *, unless: frozenset[uuid.UUID] = frozenset(), by: Actor) -> None:
    """What was linked to somebody else, or no longer matches, disappears from there in this transaction.

    So do the reports that were taken out of its objects: they are as misfiled as its images.
    """
    links = ExaminationStudy.objects.filter(study=study).select_related("examination")
    for link in links.exclude(examination__patient__in=unless):
        link.delete()
        take_back(study=study, examination=link.examination, by=by)
        record(
            "study.unlinked", by=by, patient_id=link.examination.patient_id, objects=[study, link.examination]
        )
        revoke(subject=str(study.pk))
        refresh(link.examination)


def _kind(study: Study) -> kinds.Kind:
    modalities = Series.objects.filter(study=study).values_list("modality", flat=True)
    return kinds.for_modalities(modalities, study.study_description)
