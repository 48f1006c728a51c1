"""Instances in their plain form while they are sent: a few at a time, made in the sandbox, gone when they were read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from django.conf import settings
from django.db import connections

from klisza.archive.services import cannot_be_plain
from klisza.base import sandbox
from klisza.base.errors import SandboxFailed
from klisza.blobs import services as blobs
from klisza.standards.zip.layout import CutShort

from .queries import Image

CONVERT = "klisza.standards.dicom.explicit:convert"
BATCH_BYTES, BATCH_FILES = 96 * 1024 * 1024, 64
CPU_SECONDS, CPU_SECONDS_PER_MEGABYTE = 20, 0.3
PIECE = 1024 * 1024


class Converter(AbstractContextManager["Converter"]):
    """Reads images of `queue` in any order; what follows the one that is read is made meanwhile. Close it."""

    def __init__(self, queue: list[Image]) -> None:
        self._queue = queue
        self._batches = list(_batches(queue))
        self._place = {image.id: number for number, batch in enumerate(self._batches) for image in batch}
        self._made: dict[int, Future[Path]] = {}
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="plain")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._aside.shutdown(wait=True, cancel_futures=True)
        for number in list(self._made):
            self._drop(number)

    def read(self, image: Image, offset: int) -> Iterator[bytes]:
        """Raises CutShort when it cannot be made, or not as long as it was said to be; the next copy knows better."""
        number = self._place[image.id]
        for old in [made for made in self._made if made not in (number, number + 1)]:
            self._drop(old)
        self._ask(number)
        self._ask(number + 1)
        path = self._made[number].result() / image.id.hex
        if not path.is_file() or path.stat().st_size != image.explicit_size:
            cannot_be_plain(instance_id=image.id)
            raise CutShort
        with path.open("rb") as file:
            file.seek(offset)
            while piece := file.read(PIECE):
                yield piece

    def _ask(self, number: int) -> None:
        if number < len(self._batches) and number not in self._made:
            self._made[number] = self._aside.submit(_make, self._batches[number])

    def _drop(self, number: int) -> None:
        made = self._made.pop(number)
        if not made.cancel():
            shutil.rmtree(made.result(), ignore_errors=True)


def _make(batch: list[Image]) -> Path:
    """By halves when something kills the child; what kills it alone is not there afterwards."""
    parent = Path(settings.DATA_DIR) / "work"
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="plain-", dir=parent))
    try:
        _convert(batch, folder)
    finally:
        connections.close_all()
    return folder


def _convert(batch: list[Image], folder: Path) -> None:
    seconds = CPU_SECONDS + int(CPU_SECONDS_PER_MEGABYTE * sum(image.explicit_size for image in batch) / 1e6)
    items = [{"path": str(blobs.open_path(image.blob_key)), "name": image.id.hex} for image in batch]
    try:
        sandbox.call(
            CONVERT, {"items": items}, folder=folder, cpu_seconds=seconds, wall_seconds=seconds * 3,
            file_mb=4200, memory_mb=4096,
        )  # fmt: skip
    except SandboxFailed:
        if len(batch) > 1:
            middle = len(batch) // 2
            _convert(batch[:middle], folder)
            _convert(batch[middle:], folder)
        else:
            (folder / batch[0].id.hex).unlink(missing_ok=True)


def _batches(queue: list[Image]) -> Iterator[list[Image]]:
    batch: list[Image] = []
    size = 0
    for image in queue:
        if batch and (size + image.explicit_size > BATCH_BYTES or len(batch) == BATCH_FILES):
            yield batch
            batch, size = [], 0
        batch.append(image)
        size += image.explicit_size
    if batch:
        yield batch
