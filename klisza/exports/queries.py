"""What an export of one examination holds, in the order and under the names it has in the ZIP."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from klisza.archive import queries as archive
from klisza.archive.models import Instance
from klisza.documents import services as documents
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination


@dataclass(frozen=True)
class Entry:
    """file_id: components of the name, each of at most eight upper-case letters and digits (PS3.10 8.5)."""

    file_id: tuple[str, ...]
    blob_key: str
    size: int
    instance_id: uuid.UUID | None = None
    text: bytes = b""  # of a report that came as text; there is no blob then

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
    return Content(objects, _reports(examination), len(series))


def _reports(examination: Examination) -> list[Entry]:
    """Texts and documents of what counts, supplements included; a CDA or picture as it came."""
    pieces: list[tuple[str, str, int, bytes]] = []
    for shown in examinations.shown_reports(examination):
        for one in shown.counting:
            if text := examinations.text_of(one.version):
                pieces.append(("TXT", "", 0, text.encode("utf-8-sig")))
            for document in one.documents:
                extension = documents.EXTENSIONS.get(document.media_type, "BIN")
                pieces.append((extension, document.blob.key, document.blob.size, b""))
    return [
        Entry(("REPORT", f"REPORT{number:02d}.{extension}"), key, size or len(text), text=text)
        for number, (extension, key, size, text) in enumerate(pieces[:99], start=1)
    ]


def _objects(folder: str, series_id: uuid.UUID, *, with_reports: bool) -> list[Entry]:
    instances = Instance.objects.filter(series_id=series_id, hidden_reason="").select_related("blob")
    if not with_reports:
        instances = instances.exclude(archive.report_objects())
    rows = instances.order_by("instance_number", "id")
    return [
        Entry(("DICOM", folder, f"IM{number:06d}"), row.blob.key, row.blob.size, row.pk)
        for number, row in enumerate(rows)
    ]


def is_gone(examination: Examination, entry: Entry) -> bool:
    """Withdrawn since the list was made: hidden, moved to another patient, or replaced by other bytes."""
    if entry.instance_id is None:
        return all((one.blob_key, one.text) != (entry.blob_key, entry.text) for one in _reports(examination))
    here = Instance.objects.filter(pk=entry.instance_id, hidden_reason="", blob_id=entry.blob_key)
    here = here.filter(series__study__in=examinations.study_ids(examination))
    found = here.values_list("sop_class_uid", flat=True).first()
    if found is None:
        return True
    return found.startswith(archive.REPORT_CLASSES) and not examinations.report_objects_open(examination)
