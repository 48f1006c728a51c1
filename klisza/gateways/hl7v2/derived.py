"""The rows that messages make, and that a replay makes anew: what of them goes, and what must stay the same.

Patients, their identifiers, merges, accounts, examinations, studies and everything people decided stay. What is
made anew keeps its id, so that addresses, the audit log and notices that were sent still mean it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from klisza.archive.models import Study
from klisza.audit.actor import SYSTEM
from klisza.blobs.models import Blob
from klisza.documents.models import Document, DocumentStatement
from klisza.examinations import services as examinations
from klisza.examinations.models import (
    Appointment,
    Examination,
    NoticeIntent,
    Order,
    Report,
    ReportDocument,
    ReportVersion,
)
from klisza.gateways.models import InboundMessage
from klisza.patients import services as patients
from klisza.patients.models import PatientIdentifier

NAMES: dict[type[Model], tuple[str, ...]] = {
    Order: ("issuer", "key"),
    Appointment: ("issuer", "key"),
    ReportVersion: ("report_id", "status", "digest"),
}
TIMES: dict[type[Model], str] = {Order: "created_at", Appointment: "updated_at", ReportVersion: "received_at"}
INTENT = ("account_id", "examination_id", "fact", "detail")


class Former:
    """What there was of these people before."""

    def __init__(self, patients: Collection[UUID]) -> None:
        self.patients = patients
        self.ids = {
            model: {row[2:]: row[:2] for row in self._rows(model).values_list("pk", TIMES[model], *names)}
            for model, names in NAMES.items()
        }
        self.documents = dict(self._documents().values_list("pk", "withdrawn_at"))
        self.intents = set(self._intents().values_list("pk", flat=True))
        self.untold = list(self._intents().filter(sent_at=None).values(*INTENT, "created_at"))

    def drop(self) -> None:
        """Documents stay for now: the same bytes of the same message are the same document. Identifiers stand
        where older messages found them.
        """
        patients.before_moves(self.patients)
        for model in NAMES:
            self._rows(model).delete()
        DocumentStatement.objects.filter(patient__in=self.patients).exclude(origin="").delete()

    def complete(self, messages: list[InboundMessage]) -> None:
        """After all messages: images find their examinations, times and ids are as before, leftovers go."""
        self._keep_times(messages)
        for model, names in NAMES.items():
            self._keep_ids(model, names)
        for study in self._studies():
            examinations.link_study(study=study, by=SYSTEM, quiet=True)
        self._remove_leftovers()
        # What could be seen in between only: nobody was told of it, and nobody shall be taken to know it.
        self._intents().exclude(pk__in=self.intents).exclude(examination=None).delete()
        for examination in Examination.objects.filter(patient__in=self.patients).order_by("created_at", "pk"):
            examinations.refresh(examination, quiet=True)
        self._keep_untold()

    def _rows(self, model: type[Model]) -> QuerySet[Any]:
        if model is ReportVersion:
            reports = Report.objects.filter(examination__patient__in=self.patients)
            return ReportVersion.objects.filter(report__in=reports, source__in=("oru", "mdm"))
        return model._default_manager.filter(patient__in=self.patients).exclude(origin="")

    def _documents(self) -> QuerySet[Document]:
        return Document.objects.filter(patient__in=self.patients).exclude(origin="")

    def _intents(self) -> QuerySet[NoticeIntent]:
        """Of documents of their own as well, which belong to no examination."""
        mine = NoticeIntent.objects.filter(account__patient__in=self.patients)
        return mine | NoticeIntent.objects.filter(examination__patient__in=self.patients)

    def _studies(self) -> list[Study]:
        found: dict[Any, Study] = {}
        keys = PatientIdentifier.objects.filter(patient__in=self.patients).values_list("issuer", "value")
        for issuer, value in keys:
            found |= {study.pk: study for study in Study.objects.filter(issuer=issuer, patient_id=value)}
        links = Study.objects.filter(
            pk__in=Examination.objects.filter(patient__in=self.patients).values("study_links__study")
        )
        found |= {study.pk: study for study in links}
        return sorted(found.values(), key=lambda study: study.study_instance_uid)

    def _keep_times(self, messages: list[InboundMessage]) -> None:
        """Release rules and notices count from when a thing came, not from when it was made anew."""
        for message in messages:
            origin, at = str(message.uid), message.finished_at or message.received_at
            ReportVersion.objects.filter(origin=origin).update(received_at=at)
            Document.objects.filter(origin=origin).exclude(pk__in=self.documents).update(received_at=at)
        for pk, withdrawn_at in self.documents.items():
            if withdrawn_at:
                Document.objects.filter(pk=pk).exclude(withdrawn_at=None).update(withdrawn_at=withdrawn_at)

    def _keep_ids(self, model: type[Model], names: tuple[str, ...]) -> None:
        """Foreign keys are checked at the commit."""
        former = self.ids[model]
        for pk, *name in list(self._rows(model).values_list("pk", *names)):
            old, at = former.get(tuple(name), (None, None))
            if old is None:
                continue
            if model is ReportVersion:
                ReportDocument.objects.filter(version_id=pk).update(version_id=old)
            if model is Order:
                Order.examinations.through.objects.filter(order_id=pk).update(order_id=old)
            model._default_manager.filter(pk=pk).update(id=old, **{TIMES[model]: at})

    def _remove_leftovers(self) -> None:
        Report.objects.filter(examination__patient__in=self.patients, versions=None).delete()
        for document in self._documents().filter(pk__in=self.documents, statements=None):
            used = ReportVersion.objects.filter(document=document).exists()
            if used or ReportDocument.objects.filter(document=document).exists():
                continue
            blobs = [document.blob_id, *document.page_rows.values_list("image_id", flat=True)]
            document.delete()
            Blob.objects.filter(pk__in=blobs).delete()  # the files are swept

    def _keep_untold(self) -> None:
        """What was about to be told is not silent because it was made anew."""
        for intent in self.untold:
            name = {key: intent[key] for key in INTENT}
            NoticeIntent.objects.filter(**name).update(
                created_at=intent["created_at"], sent_at=None, is_silent=False
            )
