"""Studies that an order, or its correction, may concern are looked at again in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Q

from klisza.archive.models import Series, Study
from klisza.audit.actor import Actor
from klisza.examinations import queries
from klisza.examinations.models import ExaminationStudy
from klisza.examinations.queries.names import Name
from klisza.patients.models import Patient, PatientIdentifier

from .linking import link_study


def look_again(
    *,
    names: Collection[Name],
    patient: Patient,
    also: Iterable[Study] = (),
    by: Actor,
    quiet: bool = False,
) -> None:
    """By the study's UID, by accession number among this person's studies, and where somebody else's images
    bear the number.
    """
    uids = {name.value for name in names if name.kind == "study"}
    numbers = {name.value for name in names if name.kind == "accession"}
    found = {study.pk: study for study in [*Study.objects.filter(study_instance_uid__in=uids), *also]}
    if numbers:
        found |= {study.pk: study for study in [*_of_patient(patient, numbers), *_elsewhere(numbers)]}
    for study in sorted(found.values(), key=lambda one: one.study_instance_uid):
        link_study(study=Study.objects.get(pk=study.pk), by=by, quiet=quiet)


def _of_patient(patient: Patient, numbers: Collection[str]) -> list[Study]:
    keys = Q(pk__in=[])
    for issuer, value in PatientIdentifier.objects.filter(patient__in=queries.family(patient)).values_list(
        "issuer", "value"
    ):
        keys |= Q(issuer=issuer, patient_id=value)
    own = Study.objects.filter(keys)
    grouped = Series.objects.filter(study__in=own.values("pk")).exclude(requested_accessions=[])
    requested = {
        study_id
        for study_id, pairs in grouped.values_list("study_id", "requested_accessions")
        if any(number in numbers for number, _ in pairs)
    }
    return list(own.filter(Q(accession_number__in=numbers) | Q(pk__in=requested)))


def _elsewhere(numbers: Collection[str]) -> list[Study]:
    links = ExaminationStudy.objects.filter(
        examination__identifiers__kind="accession", examination__identifiers__value__in=numbers
    )
    return list(Study.objects.filter(pk__in=links.values("study"), accession_number__in=numbers))
