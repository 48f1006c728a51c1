"""Who looked at what, written before anything is shown: what cannot be recorded is not shown (R69)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import Model

from klisza.audit.models import AuditEvent
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Unavailable
from klisza.documents.models import Document
from klisza.examinations.models import Examination, ReportVersion
from klisza.patients.viewer import Viewer

COALESCE = timedelta(minutes=5)  # page pictures of a report that was just opened are the same look


def note_list(viewer: Viewer) -> None:
    """A list of this person's examinations or documents was shown."""
    _note("list.viewed", viewer, viewer.patient_id, ())


def note_opened(viewer: Viewer, examination: Examination, reports: Iterable[ReportVersion] = ()) -> None:
    """The page of an examination, and the reports that stand open on it."""
    with transaction.atomic():
        _note("examination.opened", viewer, examination.patient_id, [examination])
        for version in reports:
            _note("report.opened", viewer, examination.patient_id, [version])


def note_report(viewer: Viewer, examination: Examination, version: ReportVersion, *, action: str) -> None:
    """action: report.opened | report.downloaded | report.printed.

    An opening within five minutes is noted once.
    """
    if action == "report.opened" and _noted(viewer, examination.patient_id, action, version):
        return
    _note(action, viewer, examination.patient_id, [version])


def note_document(viewer: Viewer, document: Document, *, action: str) -> None:
    """action: document.opened | document.downloaded; the pages of one that was just opened are the same look."""
    if action == "document.opened" and _noted(viewer, document.patient_id, action, document):
        return
    _note(action, viewer, document.patient_id, [document])


def note_export(viewer: Viewer, examination: Examination, *, action: str) -> None:
    _note(action, viewer, examination.patient_id, [examination])


def _note(action: str, viewer: Viewer, patient_id: UUID | None, objects: Iterable[Model]) -> None:
    try:
        with transaction.atomic():
            record(action, by=viewer.actor, patient_id=patient_id, objects=objects, reason=viewer.reason)
    except DatabaseError as unwritten:
        raise Unavailable("audit") from unwritten


def _noted(viewer: Viewer, patient_id: UUID, action: str, looked_at: Model) -> bool:
    recent = AuditEvent.objects.filter(
        patient_id=patient_id, at__gte=clock.now() - COALESCE, action=action, agent_id=viewer.actor.id
    )
    return any(str(looked_at.pk) == row["id"] for event in recent for row in event.objects_json)
