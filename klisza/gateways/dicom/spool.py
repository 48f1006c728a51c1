"""A data set while it arrives: in memory while small, then in an unnamed file; never more than the limit."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from django.conf import settings

from klisza.base.errors import Unavailable

IN_MEMORY = 16 * 1024 * 1024


class Spool:
    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self.memory = bytearray()
        self.file: IO[bytes] | None = None
        self.disk_fault = False

    @property
    def too_large(self) -> bool:
        return self.size > self.limit

    def write(self, piece: memoryview) -> None:
        """Takes everything, so that the sender gets a status instead of a broken connection."""
        self.size += len(piece)
        if self.too_large or self.disk_fault:
            self.close()
            return
        try:
            if self.file is None and self.size > IN_MEMORY:
                self._roll_over()
            if self.file is None:
                self.memory += piece
            else:
                self.file.write(piece)
        except OSError:
            self.disk_fault = True

    @contextmanager
    def view(self) -> Iterator[memoryview]:
        """The whole data set. Raises Unavailable when the disk could not take it."""
        if self.disk_fault:
            raise Unavailable("storage: no room to receive")
        if self.file is None:
            with memoryview(self.memory) as view:
                yield view
            return
        try:
            self.file.flush()
        except OSError:
            raise Unavailable("storage: no room to receive") from None
        with (
            mmap.mmap(self.file.fileno(), self.size, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as view,
        ):
            yield view

    def close(self) -> None:
        self.memory = bytearray()
        if self.file is not None:
            with suppress(OSError):  # a full disk speaks up again when the buffer is flushed
                self.file.close()
            self.file = None

    def _roll_over(self) -> None:
        """Onto the data disk: /tmp may be memory."""
        folder = Path(settings.DATA_DIR) / "scratch"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - lives as long as the spool
        self.file.write(self.memory)
        self.memory = bytearray()
