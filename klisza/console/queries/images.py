"""Images that are shown to nobody, and whose they may be."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, QuerySet

from klisza.archive.models import HANDED_IN, Correction, Instance, Resent, Series, Study, Tombstone
from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.examinations import identity
from klisza.examinations.models import Examination, StudyDecision, StudyIntake
from klisza.patients import queries as patients
from klisza.patients.models import Patient, PatientIdentifier
from klisza.standards.dicom.rejection import QUALITY, SAFETY, WRONG_WORKLIST_ENTRY

from .lists import MOST_ROWS

MOST_PROPOSED = 5
HIDING = (QUALITY, SAFETY, WRONG_WORKLIST_ENTRY)
NEAR = timedelta(days=1)  # images made after midnight belong to the day before


@dataclass(frozen=True)
class Candidate:
    """A patient these images may belong to. why: same_number | same_person | found."""

    patient: Patient
    why: str
    examinations: list[Examination]
    identifiers: list[tuple[str, str]]


def unmatched() -> list[StudyIntake]:
    rows = StudyIntake.objects.filter(outcome="unmatched", study__hidden_reason="").select_related("study")
    return list(rows.order_by("-at")[:MOST_ROWS])


def hidden() -> list[Study]:
    """Rejected, or being moved to another patient."""
    found = Study.objects.exclude(hidden_reason__in=["", HANDED_IN])
    return list(found.order_by("-last_received_at")[:MOST_ROWS])


def study(study_id: uuid.UUID) -> Study:
    """Raises NotFound."""
    found = Study.objects.filter(pk=study_id).first()
    if found is None:
        raise NotFound
    return found


def intake_of(row: Study) -> StudyIntake | None:
    return StudyIntake.objects.filter(study=row).first()


def series_of(row: Study) -> QuerySet[Series]:
    return (
        Series.objects.filter(study=row)
        .defer("requested_accessions")
        .annotate(count=Count("instances"))
        .order_by("series_number", "pk")
    )


def resent_of(row: Study) -> list[Resent]:
    """What the PACS says of instances that came again with another patient; each patient once."""
    rows = Resent.objects.filter(instance__series__study=row).order_by("received_at")
    return list({(one.issuer, one.patient_id): one for one in rows}.values())


def corrections_of(row: Study) -> list[Correction]:
    return list(Correction.objects.filter(study=row).order_by("-at"))


@dataclass(frozen=True)
class Note:
    """A rejection in force on a study. by_staff: no note of the department, somebody decided it here."""

    uid: str
    code: str
    at: datetime
    count: int
    by_staff: bool


def notes_on(row: Study) -> list[Note]:
    """Those that hide something, newest first."""
    rows = Tombstone.objects.filter(
        study_instance_uid=row.study_instance_uid, revoked_at=None, code__in=HIDING
    )
    found = list(
        rows.values("note_uid", "code").annotate(count=Count("pk"), at=Max("noted_at")).order_by("-at")
    )
    sent = set(
        Instance.objects.filter(sop_instance_uid__in=[one["note_uid"] for one in found]).values_list(
            "sop_instance_uid", flat=True
        )
    )
    return [
        Note(one["note_uid"], one["code"], one["at"], one["count"], one["note_uid"] not in sent)
        for one in found
    ]


def decision_of(row: Study) -> StudyDecision | None:
    return StudyDecision.objects.filter(study=row).first()


def candidates(row: Study, found: Sequence[Patient] = ()) -> list[Candidate]:
    """Those a search found; else proposals: the same number under another issuer, or the same person by birth
    date and name.
    """
    named = [(person, "found") for person in found]
    named += [(person, "same_number") for person in _same_number(row)]
    named += [(person, "same_person") for person in _same_person(row)]
    once = {person.pk: (person, why) for person, why in reversed(named)}
    order = dict.fromkeys(person.pk for person, _ in named)
    return [_candidate(row, *once[pk]) for pk in list(order)[: max(MOST_PROPOSED, len(found))]]


def _candidate(row: Study, person: Patient, why: str) -> Candidate:
    known = PatientIdentifier.objects.filter(patient__in=patients.aliases(person), replaced_at=None)
    return Candidate(person, why, near(row, person), list(known.values_list("issuer", "value")))


def _same_number(row: Study) -> list[Patient]:
    if not row.patient_id:
        return []
    rows = PatientIdentifier.objects.filter(value=row.patient_id).select_related("patient")
    return [patients.survivor(one.patient) for one in rows[:MOST_PROPOSED]]


def _same_person(row: Study) -> list[Patient]:
    if row.patient_birth_date is None or not row.patient_name:
        return []
    born = Patient.objects.filter(birth_date=row.patient_birth_date)[:MOST_ROWS]
    same = [person for person in born if _same_name(row, person)]
    return [patients.survivor(person) for person in same]


def _same_name(row: Study, person: Patient) -> bool:
    differs = identity.names_differ(row.patient_name, family=person.family_name, given=person.given_name)
    return not any(differs)


def near(row: Study, person: Patient) -> list[Examination]:
    """Examinations of this person on the day of the study, nearest accession number first."""
    mine = Examination.objects.filter(patient__in=patients.aliases(person))
    same = list(mine.filter(accession_number=row.accession_number)[:5]) if row.accession_number else []
    if row.study_date is None:
        return same
    start = datetime.combine(row.study_date, datetime.min.time(), clock.local_zone())
    days = mine.filter(performed_at__gte=start - NEAR, performed_at__lt=start + 2 * NEAR)
    others = days.exclude(pk__in=[one.pk for one in same]).order_by("performed_at")
    return [*same, *others[:MOST_PROPOSED]]
