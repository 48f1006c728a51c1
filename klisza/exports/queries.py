"""What a copy holds, in the order and under the names it has in the ZIP."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from klisza.archive import queries as archive
from klisza.archive.models import Instance, Series
from klisza.archive.queries import SeriesCard
from klisza.base.errors import NotFound
from klisza.documents import services as documents
from klisza.documents.models import Document
from klisza.examinations import queries as examinations
from klisza.examinations.models import Examination, ReportState
from klisza.patients.viewer import Viewer

from .models import Export
from .options import Options

MISSING = "UNKNOWN"  # a PATIENT record must have an id (PS3.3 F.5.1)
COLUMNS = (
    "id", "series_id", "blob_id", "blob__size", "blob__crc32", "dataset_sha256", "sop_class_uid", "sop_instance_uid",
    "transfer_syntax_uid", "directory_type", "directory_record", "explicit_size",
)  # fmt: skip
FIELDS = (
    "id", "series_id", "blob_key", "size", "crc32", "sha256", "sop_class_uid", "sop_instance_uid",
    "transfer_syntax_uid", "kind", "record", "explicit_size",
)  # fmt: skip
PAPERS_MOST = 9999


@dataclass(frozen=True, slots=True)
class Image:
    """An instance. path: of at most eight upper-case letters and digits each (PS3.10 8.5). crc32: None = unknown yet."""

    path: tuple[str, ...]
    id: uuid.UUID
    series_id: uuid.UUID
    blob_key: str
    size: int
    crc32: int | None
    sha256: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    kind: str
    record: bytes
    explicit_size: int

    @property
    def name(self) -> str:
        return "/".join(self.path)


@dataclass(frozen=True)
class Paper:
    """A report or a document; text: of one that came as text, there is no blob then."""

    name: str
    blob_key: str
    size: int
    sha256: str = ""
    text: bytes = b""


@dataclass(frozen=True)
class Folder:
    """A series. above: keys of its patient, study and series, and their records of a DICOMDIR (base64)."""

    card: SeriesCard
    path: tuple[str, ...]
    keys: tuple[str, str, str]
    records: dict[str, str]
    images: list[Image]

    @property
    def size(self) -> int:
        return sum(image.size for image in self.images)


@dataclass(frozen=True)
class Part:
    """One examination; withheld: images | report, what there is of it but may not go along."""

    examination: Examination
    folders: list[Folder]
    papers: list[Paper]
    withheld: frozenset[str] = frozenset()
    with_report_objects: bool = False


@dataclass(frozen=True)
class Content:
    parts: list[Part]
    letters: list[Paper] = field(default_factory=list)

    @property
    def folders(self) -> list[Folder]:
        return [folder for part in self.parts for folder in part.folders]

    @property
    def images(self) -> list[Image]:
        return [image for folder in self.folders for image in folder.images]

    @property
    def papers(self) -> list[Paper]:
        return [paper for part in self.parts for paper in part.papers] + self.letters

    @property
    def size(self) -> int:
        """Bytes before the ZIP's own few."""
        return sum(image.size for image in self.images) + sum(paper.size for paper in self.papers)

    @property
    def withheld(self) -> frozenset[str]:
        return frozenset().union(*(part.withheld for part in self.parts))


def content(viewer: Viewer, examination_ids: Iterable[uuid.UUID], options: Options) -> Content:
    """Everything this viewer may take along now; examinations that are closed to them are simply not there."""
    rows = _rows(viewer, examination_ids)
    folders, papers = count(), count(1)
    parts = [_part(row, viewer, options, folders, papers) for row in rows]
    letters: list[Paper] = []
    if options.documents and viewer.share is None:
        letters = [
            _letter(number, one) for number, one in enumerate(examinations.documents_of(viewer), start=1)
        ]
    return Content(parts, letters[:PAPERS_MOST])


def whole_record(viewer: Viewer) -> list[uuid.UUID]:
    """Every examination of which something may be taken along, the newest first."""
    images = examinations.visible(viewer, purpose="export").values_list("pk", flat=True)
    reports = examinations.visible(viewer, purpose="report").values_list("pk", flat=True)
    listed = examinations.visible(viewer, purpose="list").order_by("-performed_at", "-id")
    wanted = {*images, *reports}
    return [pk for pk in listed.values_list("pk", flat=True) if pk in wanted]


def still(viewer: Viewer, content: Content) -> bool:
    """Nothing of it has been withdrawn, hidden, moved or replaced since, and the viewer may still have it."""
    ids = [part.examination.pk for part in content.parts]
    may = {
        purpose: set(
            examinations.visible(viewer, purpose=purpose).filter(pk__in=ids).values_list("pk", flat=True)
        )
        for purpose in ("export", "report")
    }
    return all(_still(part, may) for part in content.parts)


def _still(part: Part, may: dict[str, set[uuid.UUID]]) -> bool:
    pk = part.examination.pk
    if (part.folders and pk not in may["export"]) or (part.papers and pk not in may["report"]):
        return False
    if part.with_report_objects and (
        pk not in may["report"] or not examinations.report_objects_open(Examination.objects.get(pk=pk))
    ):
        return False
    if part.papers:
        now = {(paper.blob_key, paper.text) for paper in _papers(Examination.objects.get(pk=pk), count(1))}
        if any((paper.blob_key, paper.text) not in now for paper in part.papers):
            return False
    shown = _shown(part.examination)
    return all((image.id, image.blob_key) in shown for folder in part.folders for image in folder.images)


def _shown(examination: Examination) -> set[tuple[uuid.UUID, str]]:
    rows = Instance.objects.filter(series__study__in=examinations.study_ids(examination), hidden_reason="")
    return set(rows.values_list("pk", "blob_id"))


def _rows(viewer: Viewer, examination_ids: Iterable[uuid.UUID]) -> list[Examination]:
    """In the order asked for. Raises NotFound for a share that allows looking only."""
    if viewer.share is not None and not viewer.share.may_download:
        raise NotFound
    wanted = list(examination_ids)
    found = {row.pk: row for row in examinations.visible(viewer, purpose="list").filter(pk__in=wanted)}
    return [found[pk] for pk in wanted if pk in found]


def _part(
    row: Examination, viewer: Viewer, options: Options, folders: count[int], papers: count[int]
) -> Part:
    with_images = examinations.visible(viewer, purpose="export").filter(pk=row.pk).exists()
    with_report = examinations.visible(viewer, purpose="report").filter(pk=row.pk).exists()
    objects_open = options.reports and with_report and examinations.report_objects_open(row)
    found = (
        _folders(row, viewer, options, folders, with_reports=objects_open)
        if with_images and options.images
        else []
    )
    withheld = set()
    if options.images and (not with_images or _is_hidden(row)):
        withheld.add("images")
    if options.reports and not with_report and row.report != ReportState.NONE:
        withheld.add("report")
    return Part(
        row,
        found,
        _papers(row, papers) if options.reports and with_report else [],
        frozenset(withheld),
        with_report_objects=objects_open and any(_is_report(image) for one in found for image in one.images),
    )


def _is_report(image: Image) -> bool:
    return image.sop_class_uid.startswith(archive.REPORT_CLASSES)


def _is_hidden(row: Examination) -> bool:
    """Something of it exists that nobody may see; a rejection note itself is nothing to miss."""
    hidden = Instance.objects.filter(series__study__in=row.study_links.values("study")).exclude(
        hidden_reason=""
    )
    return hidden.exclude(hidden_reason="note").exists()


def _folders(
    row: Examination, viewer: Viewer, options: Options, numbers: count[int], *, with_reports: bool
) -> list[Folder]:
    cards = archive.series_of(examinations.study_ids(row), with_reports=with_reports)
    for allowed in (options.series, viewer.share.series_ids if viewer.share else None):
        if allowed is not None:
            cards = [card for card in cards if card.id in allowed]
    rows = Series.objects.select_related("study").in_bulk([card.id for card in cards])
    found = []
    for card in cards:
        path = ("DICOM", f"SE{next(numbers):06d}")
        series = rows[card.id]
        keys = (
            series.study.patient_id or MISSING,
            series.study.study_instance_uid,
            series.series_instance_uid,
        )
        images = _images(card.id, path, with_reports=with_reports)
        found.append(Folder(card, path, keys, series.directory_records, images))
    return found


def _images(series_id: uuid.UUID, path: tuple[str, ...], *, with_reports: bool) -> list[Image]:
    """Values, not rows: there may be ten thousand."""
    rows = Instance.objects.filter(series_id=series_id, hidden_reason="")
    if not with_reports:
        rows = rows.exclude(archive.report_objects())
    found = rows.order_by("instance_number", "id").values_list(*COLUMNS)
    return [
        Image(path=(*path, f"IM{number:06d}"), **dict(zip(FIELDS, values, strict=True)))
        for number, values in enumerate(found)
    ]


def _papers(row: Examination, numbers: count[int]) -> list[Paper]:
    """Texts and documents of what counts, supplements included; a CDA or picture as it came."""
    found = []
    for shown in examinations.shown_reports(row):
        for one in shown.counting:
            if said := examinations.text_of(one.version):
                text = said.encode("utf-8-sig")
                found.append(Paper(_report_name(next(numbers), "TXT"), "", len(text), text=text))
            for document in one.documents:
                extension = documents.EXTENSIONS.get(document.media_type, "BIN")
                found.append(_of_document(_report_name(next(numbers), extension), document))
    return found


def _report_name(number: int, extension: str) -> str:
    return f"REPORT/REP{number:05d}.{extension}"


def _letter(number: int, document: Document) -> Paper:
    extension = documents.EXTENSIONS.get(document.media_type, "BIN")
    return _of_document(f"LETTERS/LET{number:05d}.{extension}", document)


def _of_document(name: str, document: Document) -> Paper:
    return Paper(name, document.blob.key, document.blob.size, document.blob.sha256)


def get(export_id: uuid.UUID) -> Export:
    found = Export.objects.filter(pk=export_id).first()
    if found is None:
        raise NotFound
    return found
