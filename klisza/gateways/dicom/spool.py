"""A data set while it arrives: in memory while small, then in an unnamed file; never more than the limit."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO

from django.conf import settings

from klisza.base.errors import Unavailable

IN_MEMORY = 16 * 1024 * 1024


class Spool(BytesIO):
    """What the library takes for the BytesIO it would fill itself (decode_msg only writes to it)."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.size = 0
        self.file: IO[bytes] | None = None
        self.disk_fault = False

    @property
    def too_large(self) -> bool:
        return self.size > self.limit

    def write(self, piece: bytes) -> int:  # type: ignore[override]
        """Takes everything, so that the sender gets a status instead of a broken connection."""
        self.size += len(piece)
        if self.too_large or self.disk_fault:
            self._drop()
            return len(piece)
        if self.file is None and self.size > IN_MEMORY:
            self._roll_over()
        try:
            (self.file.write if self.file else super().write)(piece)
        except OSError:
            self.disk_fault = True
        return len(piece)

    @contextmanager
    def view(self) -> Iterator[memoryview]:
        """The whole data set. Raises Unavailable when the disk could not take it."""
        if self.disk_fault:
            raise Unavailable("storage: no room to receive")
        if self.file is None:
            with self.getbuffer() as view:
                yield view
            return
        self.file.flush()
        with (
            mmap.mmap(self.file.fileno(), self.size, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as view,
        ):
            yield view

    def close(self) -> None:
        self._drop()
        super().close()

    def _roll_over(self) -> None:
        """Onto the data disk: /tmp may be memory."""
        try:
            folder = Path(settings.DATA_DIR) / "scratch"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - lives as long as the spool
            self.file.write(self.getbuffer())
        except OSError:
            self.disk_fault = True
        self.seek(0)
        self.truncate()

    def _drop(self) -> None:
        if self.file is not None:
            self.file.close()
            self.file = None
        if not self.closed:
            self.seek(0)
            self.truncate()
