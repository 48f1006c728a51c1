"""What an export of one examination holds, in the order and under the names it has in the ZIP."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from klisza.archive import queries as archive
from klisza.archive.models import Instance
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination


@dataclass(frozen=True)
class Entry:
    """file_id: components of the name, each of at most eight upper-case letters and digits (PS3.10 8.5)."""

    file_id: tuple[str, ...]
    blob_key: str
    size: int
    instance_id: uuid.UUID | None = None

    @property
    def name(self) -> str:
        return "/".join(self.file_id)


@dataclass(frozen=True)
class Content:
    objects: list[Entry]
    reports: list[Entry]
    series: int

    @property
    def size(self) -> int:
        """Bytes before the ZIP's own few."""
        return sum(entry.size for entry in (*self.objects, *self.reports))


def content(examination: Examination) -> Content:
    """Every object of its studies that is not hidden, images or not, and the reports in effect.

    While the report may not be seen it is in none of the objects either (R63).
    """
    with_reports = examinations.report_objects_open(examination)
    series = archive.series_of(examinations.study_ids(examination), with_reports=with_reports)
    objects = [
        entry
        for number, one in enumerate(series)
        for entry in _objects(f"SE{number:06d}", one.id, with_reports=with_reports)
    ]
    shown = examinations.shown_reports(examination)
    reports = [
        Entry(("REPORT", f"REPORT{number:02d}.PDF"), one.document.blob.key, one.document.blob.size)
        for number, one in enumerate(shown[:99], start=1)
    ]
    return Content(objects, reports, len(series))


def _objects(folder: str, series_id: uuid.UUID, *, with_reports: bool) -> list[Entry]:
    instances = Instance.objects.filter(series_id=series_id, hidden_reason="").select_related("blob")
    if not with_reports:
        instances = instances.exclude(archive.report_objects())
    rows = instances.order_by("instance_number", "id")
    return [
        Entry(("DICOM", folder, f"IM{number:06d}"), row.blob.key, row.blob.size, row.pk)
        for number, row in enumerate(rows)
    ]


def is_hidden(instance_id: uuid.UUID) -> bool:
    """Withdrawn since the list was made."""
    return not Instance.objects.filter(pk=instance_id, hidden_reason="").exists()
