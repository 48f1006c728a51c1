"""By which names machines mean an examination, and when two of them mean the same one.

An accession number decides where both sides have one; else the filler's number, the placer's, the study. A name
whose issuer nobody said fits every issuer, but only within one patient (hospital-integration.md 1.5, 5).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from klisza.archive.models import Series, Study
from klisza.examinations.models import (
    Examination,
    ExaminationIdentifier,
    ExaminationStudy,
    Order,
    ReportVersion,
    State,
)
from klisza.patients import queries as patients
from klisza.patients.models import PatientIdentifier
from klisza.standards.hl7v2.facts import Identifier

# The first that both sides have decides.
STRENGTH = ("accession", "filler", "placer", "study")


@dataclass(frozen=True, order=True)
class Name:
    """kind: accession | filler | placer | procedure | study. issuer: "" = not said."""

    kind: str
    value: str
    issuer: str = ""


def names_of(examination: Examination) -> frozenset[Name]:
    """Its identifiers, what it was filed under, and the studies that stand for it alone."""
    rows = ExaminationIdentifier.objects.filter(examination=examination)
    said = {Name(*row) for row in rows.values_list("kind", "value", "issuer")}
    return frozenset(said | _columns(examination, said) | _of_studies(examination))


def _columns(examination: Examination, said: Collection[Name]) -> set[Name]:
    """What scripts filed it under."""
    names = set()
    known = {(name.kind, name.value) for name in said}
    if examination.accession_number and ("accession", examination.accession_number) not in known:
        names.add(Name("accession", examination.accession_number, examination.issuer))
    if examination.study_instance_uid:
        names.add(Name("study", examination.study_instance_uid))
    return names


def _of_studies(examination: Examination) -> set[Name]:
    """A study with two accession numbers stands for neither of them alone."""
    studies = Study.objects.filter(
        pk__in=ExaminationStudy.objects.filter(examination=examination).values("study")
    )
    return {Name("study", study.study_instance_uid) for study in studies if len(accessions_of(study)) <= 1}


def accessions_of(study: Study) -> list[Name]:
    """Its accession numbers: its own, and those that its series were requested under (0040,0275).

    The issuer is the one that was said, else the one of the patient's identifier.
    """
    pairs = {(study.accession_number, study.accession_issuer)}
    for requested in Series.objects.filter(study=study).values_list("requested_accessions", flat=True):
        pairs |= {(str(number), str(issuer)) for number, issuer in requested}
    # One number with and without its issuer is one number.
    said = {number for number, issuer in pairs if issuer}
    names = {
        Name("accession", number, issuer or study.issuer)
        for number, issuer in pairs
        if number and (issuer or number not in said)
    }
    return sorted(names)


def are_one(left: Iterable[Name], right: Iterable[Name]) -> bool:
    """Whether two sets of names mean one examination of one patient."""
    ours, theirs = list(left), list(right)
    for kind in STRENGTH:
        mine = [name for name in ours if name.kind == kind]
        others = [name for name in theirs if name.kind == kind]
        if mine and others:
            return any(fits(one, other) for one in mine for other in others)
    return False


def fits(one: Name, other: Name) -> bool:
    if (one.kind, one.value) != (other.kind, other.value):
        return False
    return one.kind == "study" or is_same_issuer(one.issuer, other.issuer)


def is_same_issuer(one: str, other: str) -> bool:
    """A patient authority and an application's own name ("RIS") cannot be compared: that contradicts nothing."""
    if not one or not other or one == other:
        return True
    if other in patients.issuers_of(Identifier("-", issuer=one), default=""):
        return True
    return _is_authority(one) != _is_authority(other)


def _is_authority(issuer: str) -> bool:
    return issuer == settings.ISSUER or PatientIdentifier.objects.filter(issuer=issuer).exists()


def holders(name: Name) -> list[Examination]:
    """Everybody's examinations that bear this name, whatever its issuer, oldest first."""
    rows = ExaminationIdentifier.objects.filter(kind=name.kind, value=name.value)
    bearing = Q(pk__in=rows.values("examination"))
    if name.kind == "accession":
        bearing |= Q(accession_number=name.value)
    if name.kind == "study":
        bearing |= Q(study_instance_uid=name.value)
    return list(Examination.objects.filter(bearing).order_by("created_at", "id"))


def linked_to(study_instance_uid: str) -> list[Examination]:
    links = ExaminationStudy.objects.filter(study__study_instance_uid=study_instance_uid)
    return list(Examination.objects.filter(pk__in=links.values("examination")).order_by("created_at", "id"))


def own_matches(names: Collection[Name], mine: Collection[uuid.UUID]) -> list[Examination]:
    """Examinations of this person that the names mean, those of the strongest common name first."""
    found: dict[uuid.UUID, Examination] = {}
    for kind in STRENGTH:
        for name in sorted(name for name in names if name.kind == kind):
            bearing = holders(name) + (linked_to(name.value) if kind == "study" else [])
            found |= {one.pk: one for one in bearing if one.patient_id in mine and one.pk not in found}
    return [one for one in found.values() if are_one(names, names_of(one))]


def claimed_by_others(name: Name, mine: Collection[uuid.UUID]) -> list[Examination]:
    """Examinations of other people that an order or a sender's report put under this name."""
    return [one for one in holders(name) if one.patient_id not in mine and _claims(one, name)]


def _claims(examination: Examination, name: Name) -> bool:
    if not is_claimed(examination):
        return False
    bearing = [own for own in names_of(examination) if (own.kind, own.value) == (name.kind, name.value)]
    return any(fits(Name(own.kind, own.value, own.issuer or _realm(examination)), name) for own in bearing)


def _realm(examination: Examination) -> str:
    """The sender's own authority where one is configured; the site's default says nothing."""
    return "" if examination.issuer == settings.ISSUER else examination.issuer


def is_claimed(examination: Examination) -> bool:
    """Somebody but the images speaks for it: an order that stands, or a report of a sender."""
    ordered = Order.objects.filter(examinations=examination).exclude(state=State.CANCELLED).exists()
    return ordered or is_reported(examination)


def is_reported(examination: Examination) -> bool:
    reported = ReportVersion.objects.filter(report__examinations=examination)
    return reported.exclude(source="dicom").exists()


def is_shell(examination: Examination) -> bool:
    """Made by images alone; a cancelled order is still somebody who spoke for it."""
    return not is_reported(examination) and not Order.objects.filter(examinations=examination).exists()


def is_left(examination: Examination) -> bool:
    """Its studies went elsewhere and nobody speaks for it: it claims neither accession number nor study."""
    return not examination.study_links.exists() and not is_claimed(examination)
