"""Which examination the names of a message mean; two that turn out to be one become one (L7)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import ManyToOneRel, Model

from klisza.accounts.services import revoke
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.examinations import kinds
from klisza.examinations.models import Examination, ExaminationIdentifier, Report, State
from klisza.examinations.queries import names as naming
from klisza.examinations.queries.names import Name
from klisza.patients import queries as patients
from klisza.patients.models import Patient

MOVED = "moved"  # Examination.hidden_reason: another system moved something of its patient's away


class OfAnotherPatient(Exception):
    """The accession number or study stands under somebody else: nothing is linked, staff look at it."""

    def __init__(self, reason: str, examinations: list[Examination]) -> None:
        super().__init__(reason)
        self.reason, self.examinations = reason, examinations


def find(
    names: Collection[Name], mine: Collection[uuid.UUID], *, may_claim: bool = True
) -> Examination | None:
    """The examination of this person that is meant. Raises OfAnotherPatient.

    A name that two people's examinations bear belongs to the one who has an order or report under it.
    """
    own = naming.own_matches(names, mine)
    if not any(map(naming.is_claimed, own)):
        for name in sorted(names):
            others = (
                naming.claimed_by_others(name, mine)
                if name.kind in ("accession", "study") and may_claim
                else []
            )
            if others:
                raise OfAnotherPatient(f"{name.kind}_of_other_patient", others)
    return next(iter(own), None)


def make(
    patient: Patient,
    names: Collection[Name],
    *,
    issuer: str,
    at: datetime,
    said_at: datetime | None = None,
    kind: str = "",
    place: str = "",
) -> Examination:
    """said_at: when somebody spoke of it first. What was there before a visit moved away is in doubt, also when
    it comes after that message.
    """
    now = clock.now()
    in_doubt = patients.is_in_doubt(patient, min(at, said_at or at))
    examination = Examination.objects.create(
        patient=patient,
        kind=kind or kinds.OTHER.code,
        state=State.PLANNED,
        performed_at=at,
        place=place,
        issuer=issuer,
        hidden_reason=MOVED if in_doubt else "",
        created_at=now,
        updated_at=now,
    )
    add_names(examination, names)
    return examination


def add_names(examination: Examination, names: Iterable[Name]) -> None:
    """The columns hold one accession number, for whoever looks for the examination by it."""
    for name in sorted(names):
        ExaminationIdentifier.objects.get_or_create(
            examination=examination, kind=name.kind, value=name.value, issuer=name.issuer
        )
        if name.kind == "accession" and not examination.accession_number:
            examination.accession_number = name.value
            examination.save(update_fields=["accession_number"])


def remove_names(examination: Examination, names: Iterable[Name]) -> None:
    for name in names:
        examination.identifiers.filter(kind=name.kind, value=name.value).delete()
        if name.kind == "accession" and examination.accession_number == name.value:
            examination.accession_number = ""
        if name.kind == "study" and examination.study_instance_uid == name.value:
            examination.study_instance_uid = ""
    examination.save(update_fields=["accession_number", "study_instance_uid"])


def unify(examination: Examination, mine: Collection[uuid.UUID], *, by: Actor) -> Examination:
    """Take in every other examination of this person that its names mean as well; returns the one that stays."""
    while True:
        names = naming.names_of(examination)
        other = next((one for one in naming.own_matches(names, mine) if one.pk != examination.pk), None)
        if other is None:
            return examination
        keep, gone = sorted((examination, other), key=_seniority)
        absorb(gone, into=keep, by=by)
        examination = keep


def _seniority(examination: Examination) -> tuple[bool, datetime, uuid.UUID]:
    """What the patient already sees keeps its address."""
    return not examination.visible, examination.created_at, examination.pk


@transaction.atomic
def absorb(gone: Examination, *, into: Examination, by: Actor, with_names: bool = True) -> None:
    """Everything that hangs on the one moves to the other; call refresh afterwards."""
    if with_names:
        add_names(into, naming.names_of(gone) - _study_names(gone))
        into.study_instance_uid = into.study_instance_uid or gone.study_instance_uid
    # hidden_reason among them: what is in doubt does not come into view with what is not.
    for field in ("visit_at", "visit_source", "visit_done_at", "first_final_at", "hidden_reason"):
        setattr(into, field, getattr(into, field) or getattr(gone, field))
    into.save()
    into.orders.add(*gone.orders.all())
    _move_reports(gone, into)
    _repoint(gone, into)
    record("examination.absorbed", by=by, patient_id=into.patient_id, objects=[into, gone])
    for study_id in into.study_links.values_list("study_id", flat=True):
        revoke(subject=str(study_id))
    gone.delete()


def _study_names(examination: Examination) -> set[Name]:
    """Said by its links alone."""
    said = examination.identifiers.filter(kind="study").values_list("value", flat=True)
    return {
        name for name in naming.names_of(examination) if name.kind == "study" and name.value not in set(said)
    }


def _move_reports(gone: Examination, into: Examination) -> None:
    for report in gone.reports.all():
        report.examinations.remove(gone)
        report.examinations.add(into)
    for report in gone.own_reports.all():
        same = Report.objects.filter(examination=into, key=report.key).first()
        if same is None:
            report.examination = into
            report.save(update_fields=["examination"])
            continue
        number = same.versions.count()
        for version in report.versions.order_by("number"):
            number += 1
            version.report, version.number = same, number
            version.save(update_fields=["report", "number"])
        same.examinations.add(*report.examinations.all())
        report.delete()


def _repoint(gone: Examination, into: Examination) -> None:
    """Links, notices, decisions, tasks of staff: whatever points at it, in tables of other apps too, which this
    one may not know. What is there already falls away.
    """
    for relation in gone._meta.get_fields(include_hidden=True):
        if isinstance(relation, ManyToOneRel) and relation.related_model not in (
            Report,
            ExaminationIdentifier,
        ):
            for row in _pointing(relation, gone):
                setattr(row, relation.field.name, into)
                try:
                    with transaction.atomic():
                        row.save(update_fields=[relation.field.name])
                except IntegrityError:
                    row.delete()


def _pointing(relation: ManyToOneRel, examination: Examination) -> list[Model]:
    model = relation.related_model
    assert not isinstance(model, str)  # noqa: S101 - tells the type checker
    return list(model._default_manager.filter(**{relation.field.name: examination}))
