from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def mapped(file: BinaryIO) -> Iterator[memoryview]:
    """Read through the page cache: a large file costs no memory of ours."""
    if os.fstat(file.fileno()).st_size == 0:
        yield memoryview(b"")
        return
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as found, memoryview(found) as view:
        yield view
