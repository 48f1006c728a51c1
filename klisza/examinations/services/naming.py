"""How scripts and DICOM objects name the examination they report on."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from klisza.base import clock
from klisza.base.errors import BadMessage
from klisza.examinations import kinds, queries
from klisza.examinations.models import Examination, ExaminationStudy
from klisza.examinations.queries.names import Name, own_matches
from klisza.patients.models import Patient


class StudyLeft(Exception):
    """The study an encapsulated report was read from no longer belongs to this patient."""


@dataclass(frozen=True)
class Naming:
    """performed_at: when it took place at the latest."""

    patient: Patient
    issuer: str
    accession_number: str
    study_instance_uid: str
    performed_at: datetime
    source: str

    def examination(self) -> Examination | None:
        """By the study's UID first, then by (issuer, accession).

        Raises BadMessage when it is another patient's.
        """
        mine = queries.family(self.patient)
        if self.source == "dicom":
            return self._where_linked(mine)
        for candidates in (self._by_study(), self._by_accession()):
            own = next((found for found in candidates if found.patient_id in mine), None)
            if own:
                return own
            if not all(map(queries.is_left, candidates)):
                raise BadMessage("the accession number or study belongs to another patient")
        return next(iter(own_matches(self._names(), mine)), None)

    def _names(self) -> set[Name]:
        """For what orders said of the examination besides its own columns."""
        names = {
            Name("accession", self.accession_number, self.issuer),
            Name("study", self.study_instance_uid),
        }
        return {name for name in names if name.value}

    def still_mine(self, named: Sequence[Examination]) -> list[Examination]:
        """The same rows as they are now. Raises BadMessage when one of them went to somebody else meanwhile."""
        mine = queries.family(self.patient)
        rows = list(Examination.objects.filter(pk__in=[one.pk for one in named]).order_by("created_at", "id"))
        if not rows or any(row.patient_id not in mine for row in rows):
            raise BadMessage("the examination belongs to another patient")
        return rows

    def make(self, title: str) -> Examination:
        """An examination with a report only; its images join it later."""
        now = clock.now()
        return Examination.objects.create(
            patient=self.patient,
            kind=kinds.for_modalities((), title).code,
            performed_at=self.performed_at,
            issuer=self.issuer,
            accession_number=self.accession_number,
            study_instance_uid=self.study_instance_uid,
            created_at=now,
            updated_at=now,
        )

    def complete(self, examination: Examination) -> None:
        """What the report knows and the images did not say.

        Their date, where there is one, is put back by refresh.
        """
        examination.accession_number = examination.accession_number or self.accession_number
        if self.source != "dicom":  # there the link says it, and the study may leave
            examination.study_instance_uid = examination.study_instance_uid or self.study_instance_uid
        examination.performed_at = min(examination.performed_at, self.performed_at)
        examination.save(update_fields=["accession_number", "study_instance_uid", "performed_at"])

    def _where_linked(self, mine: frozenset[uuid.UUID]) -> Examination:
        """Raises StudyLeft."""
        links = ExaminationStudy.objects.filter(study__study_instance_uid=self.study_instance_uid)
        link = (
            links.filter(examination__patient__in=mine).select_related("examination").order_by("pk").first()
        )
        if link is None:
            raise StudyLeft
        return link.examination

    def _by_study(self) -> list[Examination]:
        uid = self.study_instance_uid
        linked = ExaminationStudy.objects.filter(study__study_instance_uid=uid).values("examination_id")
        named = Q(pk__in=linked) | Q(study_instance_uid=uid)
        return list(Examination.objects.filter(named).order_by("created_at", "id")) if uid else []

    def _by_accession(self) -> list[Examination]:
        number = self.accession_number
        same = Examination.objects.filter(issuer=self.issuer, accession_number=number)
        return list(same.order_by("created_at", "id")) if number else []
