"""What the fast path knows of a study: plain values in memory, read once, checked again at most every
second and a half."""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Max

from klisza.archive import frames
from klisza.archive.models import Instance, Series, Study
from klisza.archive.queries import REPORT_CLASSES
from klisza.base.database import drop_stale_connections
from klisza.base.errors import NotFound
from klisza.base.ids import opaque_uid

FRESH_SECONDS = 1.5  # hidden instances vanish within two seconds
INSTANCES_MOST = 60_000  # about 60 MB a worker
INSTANCE_COLUMNS = (
    "series_id", "id", "sop_instance_uid", "sop_class_uid", "transfer_syntax_uid", "blob_id", "blob__size",
    "frame_index",
    "frame_syntax_uid", "rendition_id", "unshowable",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Image:
    """One visible instance. Frames are numbered from 0 here, from 1 in addresses."""

    id: uuid.UUID
    uid: str
    class_uid: str
    syntax: str
    blob: str
    size: int
    frame_index: bytes
    frame_syntax: str
    rendition: str | None
    showable: bool

    def for_browser(self, number: int) -> tuple[str, list[frames.Piece]]:
        """(blob, pieces) of a frame as the viewer gets it."""
        if not self.showable:
            raise NotFound
        if self.rendition:
            return self.rendition, frames.pieces(self.frame_index, number, rendition=True)
        return self.blob, frames.pieces(self.frame_index, number, rendition=False)

    def for_machines(self, number: int) -> tuple[str, str, list[frames.Piece]]:
        """(transfer syntax, blob, pieces): as it was sent; the rendition only where the file has no frames
        to cut out."""
        pieces = frames.pieces(self.frame_index, number, rendition=False)
        if pieces or not self.rendition:
            return self.syntax, self.blob, pieces
        return self.frame_syntax, self.rendition, frames.pieces(self.frame_index, number, rendition=True)


@dataclass
class Row:
    """One series."""

    id: uuid.UUID
    uid: str
    metadata: str | None
    full_metadata: str | None
    preview: str | None
    thumbnail: str | None
    has_hidden: bool = False
    has_reports: bool = False
    images: dict[uuid.UUID, Image] = field(default_factory=dict)
    by_uid: dict[str, Image] = field(default_factory=dict)


@dataclass
class Entry:
    """One study. `stamp`: changes whenever what is below may have changed."""

    id: uuid.UUID
    uid: str
    stamp: tuple[Any, ...]
    checked_at: float
    series: dict[uuid.UUID, Row] = field(default_factory=dict)
    size: int = 0

    @property
    def derived(self) -> bool:
        """Previews and metadata are those of the newest revision."""
        return bool(self.stamp[0] == self.stamp[1])

    def row(self, series_id: uuid.UUID | None) -> Row:
        if series_id is None or series_id not in self.series:
            raise NotFound
        return self.series[series_id]

    def row_by_uid(self, uid: str) -> Row:
        for row in self.series.values():
            if row.uid == uid:
                return row
        raise NotFound


class Index:
    """Bounded by the number of instances; the study used longest ago goes first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entries: OrderedDict[uuid.UUID, Entry] = OrderedDict()
        self.size = 0

    def study(self, study_id: uuid.UUID, *, newest: bool = False) -> Entry:
        """newest: as the database says now, for machines that store and fetch in one breath. Raises NotFound."""
        entry = self.entries.get(study_id)
        if not newest and entry is not None and time.monotonic() - entry.checked_at < FRESH_SECONDS:
            return entry
        drop_stale_connections()
        now = time.monotonic()
        stamp = _stamp(study_id)
        if stamp is None:
            self._drop(study_id)
            raise NotFound
        if entry is not None and entry.stamp == stamp:
            entry.checked_at = now
            with self.lock:
                if study_id in self.entries:
                    self.entries.move_to_end(study_id)
            return entry
        return self._keep(_load(study_id, stamp, now))

    def _keep(self, entry: Entry) -> Entry:
        with self.lock:
            self._remove(entry.id)
            self.entries[entry.id] = entry
            self.size += entry.size
            while self.size > INSTANCES_MOST and len(self.entries) > 1:
                self._remove(next(iter(self.entries)))
        return entry

    def _drop(self, study_id: uuid.UUID) -> None:
        with self.lock:
            self._remove(study_id)

    def _remove(self, study_id: uuid.UUID) -> None:
        old = self.entries.pop(study_id, None)
        self.size -= old.size if old else 0


def _stamp(study_id: uuid.UUID) -> tuple[Any, ...] | None:
    study = (
        Study.objects.filter(pk=study_id)
        .values_list("revision", "derived_revision", "last_received_at")
        .first()
    )
    if study is None:
        return None
    visible = Instance.objects.filter(series__study_id=study_id, hidden_reason="").aggregate(
        n=Count("id"), at=Max("received_at")
    )
    return (*study, visible["n"], visible["at"])


def _load(study_id: uuid.UUID, stamp: tuple[Any, ...], now: float) -> Entry:
    uid = Study.objects.values_list("study_instance_uid", flat=True).get(pk=study_id)
    entry = Entry(study_id, uid, stamp, now)
    rows = Series.objects.filter(study_id=study_id).order_by("series_number", "id")
    for values in rows.values_list(
        "id", "series_instance_uid", "metadata_id", "full_metadata_id", "preview_id", "thumbnail_id"
    ):
        entry.series[values[0]] = Row(*values)
    hidden = (
        Instance.objects.filter(series__study_id=study_id)
        .exclude(hidden_reason="")
        .values_list("series_id", flat=True)
    )
    for series_id in set(hidden) & entry.series.keys():
        entry.series[series_id].has_hidden = True
    instances = Instance.objects.filter(series__study_id=study_id, hidden_reason="").order_by(
        "instance_number", "id"
    )
    for row in instances.values_list(*INSTANCE_COLUMNS):
        kept = entry.series.get(row[0])
        if kept is not None:  # a series may have come between the two queries
            image = _image(row)
            kept.images[image.id] = image
            kept.by_uid[image.uid] = image
            kept.has_reports |= image.class_uid.startswith(REPORT_CLASSES)
    entry.series = {series_id: kept for series_id, kept in entry.series.items() if kept.images}
    entry.size = sum(len(kept.images) for kept in entry.series.values()) + 1
    return entry


def _image(row: tuple[Any, ...]) -> Image:
    _, key, uid, class_uid, syntax, blob, size, frame_index, frame_syntax, rendition, unshowable = row
    showable = bool(frame_syntax) and not unshowable
    return Image(
        key, uid, class_uid, syntax, blob, size, bytes(frame_index), frame_syntax, rendition, showable
    )


def kept_metadata(items: list[dict[str, Any]], row: Row, *, opaque: bool) -> list[dict[str, Any]]:
    """Without the instances that were hidden since the metadata was made."""
    known = {opaque_uid(image.id) for image in row.images.values()} if opaque else set(row.by_uid)
    return [item for item in items if (item.get("00080018", {}).get("Value") or [""])[0] in known]


index = Index()
