"""Chunk files of a series, made once and kept for a day after the last use: a download that goes on needs the same bytes.

<data>/offline/ab/<key>/ holds C0.JS, C1.JS ... and index.json. The key says which objects in which order and
which bytes of them, so what changes, is hidden or comes later is another folder. Nothing in it names anybody.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import tempfile
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from django.conf import settings

from klisza.archive.models import Series
from klisza.base import sandbox
from klisza.base.errors import SandboxFailed
from klisza.base.ids import opaque_uid
from klisza.blobs import services as blobs

log = structlog.get_logger(__name__)

FORMAT = 1  # raise it when pixels.py or encode.py writes something else
ENCODE = "klisza.exports.offline.encode:make"
BATCH_MEGABYTES = 96  # of decoded pixels in one call of the sandbox
MEMORY_MB = 3072
CPU_SECONDS, CPU_SECONDS_PER_MEGABYTE = 15.0, 0.4
KEPT_SECONDS = 24 * 3600
INDEX = "index.json"
# Attribute of the viewer's metadata (PS3.18 F.2) -> its tag.
NEEDED = {
    "Rows": "00280010", "Columns": "00280011", "SamplesPerPixel": "00280002", "NumberOfFrames": "00280008",
    "PhotometricInterpretation": "00280004", "BitsAllocated": "00280100", "PixelRepresentation": "00280103",
    "RescaleSlope": "00281053", "RescaleIntercept": "00281052", "WindowCenter": "00281050",
    "WindowWidth": "00281051", "VOILUTFunction": "00281056", "VOILUTSequence": "00283010",
    "ImageOrientationPatient": "00200037", "PatientOrientation": "00200020",
}  # fmt: skip
LISTS = {"ImageOrientationPatient", "PatientOrientation"}
SOP_INSTANCE_UID = "00080018"


@dataclass(frozen=True)
class Chunk:
    path: Path
    size: int
    crc32: int
    frames: int


@dataclass(frozen=True)
class Prepared:
    """looks: descriptions; images: for each frame its look; clips: frames of each object."""

    looks: list[dict[str, Any]]
    images: list[int]
    clips: list[int]
    chunks: list[Chunk]


class Drawable(NamedTuple):
    """An instance that is not hidden and can be drawn."""

    id: uuid.UUID
    blob_key: str
    rendition_key: str
    frames: int


Batch = list[tuple[Drawable, dict[str, Any]]]


@dataclass(frozen=True)
class Pictures:
    """Of a series what may be shown; nothing of it has been read yet. metadata: its blob and that one's SHA-256."""

    metadata: tuple[str, str]
    rows: tuple[Drawable, ...]

    @property
    def key(self) -> str:
        digest = hashlib.sha256(f"offline {FORMAT} {self.metadata[1]}".encode())
        for row in sorted(self.rows):
            digest.update(f"\n{row.id} {row.blob_key} {row.rendition_key}".encode())
        return digest.hexdigest()

    @property
    def frames(self) -> int:
        return sum(row.frames for row in self.rows)


def pictures(series: Series, instance_ids: frozenset[uuid.UUID] | None) -> Pictures:
    """instance_ids: None for all that are not hidden."""
    if series.metadata is None:
        return Pictures(("", ""), ())
    drawable = series.instances.filter(hidden_reason="", unshowable="", number_of_frames__gt=0)
    columns = drawable.values_list("pk", "blob_id", "rendition_id", "number_of_frames")
    rows = (Drawable(pk, blob, rendition or "", frames) for pk, blob, rendition, frames in columns.iterator())
    wanted = tuple(row for row in rows if instance_ids is None or row.id in instance_ids)
    return Pictures((series.metadata.key, series.metadata.sha256), wanted)


def prepared(wanted: Pictures) -> Prepared | None:
    """None when it is still to be made. What is asked for is kept longer."""
    found = kept(wanted.key)
    if found is None:
        return None
    folder, index = found
    chunks = [
        Chunk(folder / f"C{number}.JS", size, crc32, frames)
        for number, (size, crc32, frames) in enumerate(index["chunks"])
    ]
    return Prepared(index["looks"], index["images"], index["clips"], chunks)


def prepare(wanted: Pictures, *, step: Callable[[int], None] = lambda frames: None) -> None:
    """Make it unless it is there. step: told how many more frames are done; may raise to end the work."""
    found = prepared(wanted)
    if found:
        step(len(found.images))
    else:
        keep(wanted.key, lambda folder: _write(folder, wanted, step))


def kept(key: str) -> tuple[Path, dict[str, Any]] | None:
    """The folder of a key and its index."""
    folder = _folder(key)
    try:
        index: dict[str, Any] = json.loads((folder / INDEX).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    with suppress(OSError):
        (folder / INDEX).touch()
    return folder, index


def keep(key: str, write: Callable[[Path], dict[str, Any]]) -> None:
    """write: fills an empty folder and returns its index; the folder appears as a whole or not at all."""
    with working_folder() as folder:
        index = write(folder)
        (folder / INDEX).write_text(json.dumps(index), "utf-8")
        target = _folder(key)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with suppress(OSError):  # another process was faster: the same bytes
            folder.rename(target)
            folder.mkdir()


@contextmanager
def working_folder() -> Iterator[Path]:
    """On the same file system as what is kept."""
    with tempfile.TemporaryDirectory(prefix="making-", dir=_root(), ignore_cleanup_errors=True) as name:
        yield Path(name)


def forget_old(seconds: float = KEPT_SECONDS) -> int:
    """Remove what nobody has asked for since then, and what a killed process left behind."""
    removed, limit = 0, time.time() - seconds
    for folder in _root().glob("*"):
        for one in [folder] if folder.name.startswith("making-") else list(folder.glob("*")):
            mark = one / INDEX if (one / INDEX).exists() else one
            with suppress(FileNotFoundError):
                if mark.stat().st_mtime < limit:
                    shutil.rmtree(one, ignore_errors=True)
                    removed += 1
    return removed


def _write(folder: Path, wanted: Pictures, step: Callable[[int], None]) -> dict[str, Any]:
    looks: dict[str, int] = {}
    images: list[int] = []
    clips: list[int] = []
    chunks: list[tuple[int, int, int]] = []
    for made_in, made in _encoded(wanted):
        numbers = [looks.setdefault(json.dumps(look, sort_keys=True), len(looks)) for look in made["looks"]]
        for own in made["frames"]:
            images += [numbers[look] for look in own]
            clips.append(len(own))
        for number, frames in enumerate(made["chunks"]):
            target = folder / f"C{len(chunks)}.JS"
            (made_in / f"C{number}.JS").rename(target)
            chunks.append((target.stat().st_size, crc32_of(target), frames))
        step(sum(len(own) for own in made["frames"]))
    return {
        "looks": [json.loads(look) for look in looks],
        "images": images,
        "clips": clips,
        "chunks": chunks,
    }


def _encoded(wanted: Pictures) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Answers of the sandbox in order, each with the folder it wrote in. Of an object that kills it nothing is drawn."""
    left = list(batches(wanted))
    while left:
        batch = left.pop(0)
        with working_folder() as folder:
            try:
                made = in_sandbox(ENCODE, batch, folder)
            except SandboxFailed:
                if len(batch) > 1:
                    left[:0] = [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
                    continue
                log.warning("offline_viewer_object_left_out", instance=str(batch[0][0].id))
                made = in_sandbox(ENCODE, batch, folder, readable=False)
            yield folder, made


def in_sandbox(
    function: str, batch: Batch, folder: Path, *, readable: bool = True, **more: Any
) -> dict[str, Any]:
    """readable: False tells it to make nothing of the objects but their places."""
    seconds = int(CPU_SECONDS + CPU_SECONDS_PER_MEGABYTE * sum(megabytes(image) for _, image in batch))
    items = [
        {
            "path": str(blobs.open_path(row.blob_key)) if readable else "",
            "rendition": str(blobs.open_path(row.rendition_key)) if row.rendition_key else "",
            "image": image,
        }
        for row, image in batch
    ]
    made: dict[str, Any] = sandbox.call(
        function, {"items": items, **more}, folder=folder,
        memory_mb=MEMORY_MB, cpu_seconds=seconds, wall_seconds=seconds * 3 + 30,
    )  # fmt: skip
    return made


def batches(wanted: Pictures) -> Iterator[Batch]:
    batch: Batch = []
    size = 0.0
    for row, image in _in_order(wanted):
        own = megabytes(image)
        if batch and size + own > BATCH_MEGABYTES:
            yield batch
            batch, size = [], 0.0
        batch.append((row, image))
        size += own
    if batch:
        yield batch


def megabytes(image: dict[str, Any]) -> float:
    pixels = (
        int(image.get("Rows") or 0) * int(image.get("Columns") or 0) * int(image.get("NumberOfFrames") or 1)
    )
    return pixels * (3 if int(image.get("SamplesPerPixel") or 1) > 1 else 2) / 1e6


def _in_order(wanted: Pictures) -> Batch:
    """As the viewer of the portal shows them, each with the attributes that its metadata has."""
    entries: list[dict[str, Any]] = json.loads(gzip.decompress(blobs.read(wanted.metadata[0])))
    rows = {opaque_uid(row.id): row for row in wanted.rows}
    named = ((str(_value(entry, SOP_INSTANCE_UID)), entry) for entry in entries)
    return [(rows[uid], _image(entry)) for uid, entry in named if uid in rows]


def _image(entry: dict[str, Any]) -> dict[str, Any]:
    image: dict[str, Any] = {}
    for keyword, tag in NEEDED.items():
        if keyword == "VOILUTSequence":
            image |= {keyword: True} if tag in entry else {}
            continue
        value = entry.get(tag, {}).get("Value") if keyword in LISTS else _value(entry, tag)
        if value is not None:
            image[keyword] = value
    return image


def _value(entry: dict[str, Any], tag: str) -> Any:
    return next(iter(entry.get(tag, {}).get("Value") or []), None)


def crc32_of(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while piece := file.read(1024 * 1024):
            checksum = zlib.crc32(piece, checksum)
    return checksum


def _root() -> Path:
    root = Path(settings.DATA_DIR) / "offline"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return root


def _folder(key: str) -> Path:
    return _root() / key[:2] / key
