"""What the worker has to do, and whose a study is."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q

from klisza.archive.models import HANDED_IN, Instance, Peer, Study
from klisza.examinations.models import (
    EncapsulatedIntake,
    Examination,
    ExaminationIdentifier,
    ExaminationStudy,
    Order,
    StudyIntake,
)
from klisza.patients import queries as patients
from klisza.patients.models import Patient, PatientIdentifier
from klisza.standards.hl7v2.facts import Identifier

ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
# Basic Text, Enhanced and Comprehensive SR; dose and CAD reports, key objects and logs are none (1.6).
STRUCTURED_REPORTS = tuple(f"1.2.840.10008.5.1.4.1.1.88.{kind}" for kind in (11, 22, 33))
REPORT_CLASSES = (ENCAPSULATED_PDF, *STRUCTURED_REPORTS)


def studies_to_link(limit: int, *, since: datetime | None = None) -> list[Study]:
    """Settled studies whose newest revision was not looked at yet.

    since: only those that received something after it, by the index; None looks at all.
    """
    seen = StudyIntake.objects.filter(study=OuterRef("pk"), revision__gte=OuterRef("revision"))
    settled = Study.objects.filter(~Exists(seen), state=Study.State.SETTLED).exclude(hidden_reason=HANDED_IN)
    if since:
        settled = settled.filter(last_received_at__gte=since)
    return list(settled.order_by("last_received_at")[:limit])


def studies_to_link_early(limit: int) -> list[Study]:
    """Studies still arriving whose patient is known: they stand in the list while they grow (N14)."""
    known = PatientIdentifier.objects.filter(issuer=OuterRef("issuer"), value=OuterRef("patient_id"))
    arriving = Study.objects.filter(Exists(known), state=Study.State.RECEIVING)
    arriving = arriving.exclude(hidden_reason=HANDED_IN)
    return list(arriving.order_by("-last_received_at")[:limit])


def studies_to_try_again(limit: int) -> list[Study]:
    """Unmatched studies whose patient appeared or changed since, or whose accession may be free now."""
    known = PatientIdentifier.objects.filter(
        issuer=OuterRef("study__issuer"), value=OuterRef("study__patient_id")
    )
    changed = known.filter(
        Q(patient__updated_at__gt=OuterRef("at")) | Q(patient__survivor__updated_at__gt=OuterRef("at"))
    )
    moved = ExaminationIdentifier.objects.filter(
        kind="accession",
        value=OuterRef("study__accession_number"),
        examination__updated_at__gt=OuterRef("at"),
    )
    why = (
        Q(Exists(changed))
        | Q(Exists(known), reason="unknown_patient")
        | Q(Exists(moved), reason="accession_of_other_patient")
    )
    again = StudyIntake.objects.filter(why, outcome="unmatched")
    return [intake.study for intake in again.select_related("study").order_by("at")[:limit]]


def studies_of_corrected(limit: int, *, since: datetime | None = None) -> list[Study]:
    """Linked studies whose patient, or the one it was merged into, was corrected after they were looked at.

    since: only corrections after it, by the index on patients; None looks at all. Studies that are still
    arriving are looked at anyway.
    """
    found: dict[uuid.UUID, Study] = {}
    for patient in ("patient", "patient__survivor", "patient__survivor__survivor"):
        moment = f"examination__{patient}__updated_at"
        older = StudyIntake.objects.filter(study=OuterRef("study"), at__lt=OuterRef(moment))
        links = ExaminationStudy.objects.filter(Exists(older), study__state=Study.State.SETTLED)
        if since:
            links = links.filter(**{f"{moment}__gte": since})
        found |= {link.study_id: link.study for link in links.select_related("study")[:limit]}
    return list(found.values())[:limit]


def examinations_of_corrected(limit: int, *, since: datetime | None = None) -> list[Examination]:
    """Computed before their person was corrected, merged or separated: wishes, account and restrictions may be
    others now. Images or none makes no difference.

    since: only corrections after it, by the index on patients; None looks at all.
    """
    found: dict[uuid.UUID, Examination] = {}
    for person in ("patient", "patient__survivor", "patient__survivor__survivor"):
        older = Examination.objects.filter(**{f"{person}__updated_at__gt": F("updated_at")})
        if since:
            older = older.filter(**{f"{person}__updated_at__gte": since})
        found |= {one.pk: one for one in older.order_by("updated_at")[:limit]}
    return list(found.values())[:limit]


def intakes_with_documents(limit: int) -> list[StudyIntake]:
    """Linked studies whose encapsulated PDF and SR objects were not looked at yet."""
    waiting = StudyIntake.objects.filter(documents_taken=False).select_related("study")
    return list(waiting.order_by("at")[:limit])


def encapsulated_of(study: Study) -> list[Instance]:
    taken = EncapsulatedIntake.objects.filter(instance=OuterRef("pk"))
    objects = Instance.objects.filter(~Exists(taken), sop_class_uid__in=REPORT_CLASSES, hidden_reason="")
    return list(objects.filter(series__study=study).order_by("received_at", "id"))


def titles_of_reports(instance: Instance) -> list[str] | None:
    """What the rule of its sender lets be a report: titles or concept codes; None = everything."""
    peer = Peer.objects.filter(name=instance.source).first() if instance.source else None
    return peer.report_titles if peer else None


def owner_of(issuer: str, value: str) -> Patient | None:
    """The record this identifier stands on, merged or not, under any name of its issuer.

    New rows belong to it, so that a merge can be undone.
    """
    return patients.record_for([Identifier(value, issuer=issuer)], issuer)


def family(patient: Patient) -> frozenset[uuid.UUID]:
    """The ids under which this person's rows may stand: a merge re-points nothing."""
    return patients.aliases(patients.survivor(patient))


def linked_examination(study: Study) -> Examination | None:
    link = ExaminationStudy.objects.filter(study=study).select_related("examination").order_by("pk").first()
    return link.examination if link else None


def orders_to_place(limit: int) -> list[Order]:
    """Orders without an examination: their number stood under somebody else, who changed since, or they did."""
    waiting = Order.objects.filter(examinations=None).select_related("patient", "patient__survivor")
    changed = Q(patient__updated_at__gt=F("updated_at")) | Q(
        patient__survivor__updated_at__gt=F("updated_at")
    )
    freed = ExaminationIdentifier.objects.filter(
        kind="accession",
        value=OuterRef("accession_number"),
        examination__updated_at__gt=OuterRef("updated_at"),
    )
    return list(waiting.filter(changed | Q(Exists(freed))).order_by("updated_at")[:limit])
