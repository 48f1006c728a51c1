"""What the other apps call: bytes first, then the row, then whatever names the row."""

from __future__ import annotations

from datetime import timedelta

from klisza.base import clock

from .checksums import checksums, without_preamble
from .models import Blob
from .storage import (
    Stored,
    delete,
    delete_temporary,
    keys_older_than,
    open_path,
    put,
    put_file,
    read,
    read_range,
    stream,
)

__all__ = [
    "Stored",
    "checksums",
    "delete",
    "open_path",
    "put",
    "put_file",
    "read",
    "read_range",
    "save",
    "stream",
    "sweep",
    "without_preamble",
]

# Far longer than any transaction: between the file and its row lies at most one request.
ORPHAN_AGE = timedelta(hours=1)


def save(stored: Stored) -> Blob:
    """The row of durable bytes; call inside the transaction that also writes what refers to it."""
    return Blob.objects.create(key=stored.key, size=stored.size, sha256=stored.sha256, created_at=clock.now())


def sweep(older_than: timedelta = ORPHAN_AGE) -> int:
    """Remove half-written files and files without a row (a killed process leaves them); returns how many."""
    seconds = older_than.total_seconds()
    removed = delete_temporary(seconds)
    for keys in keys_older_than(seconds):
        known = set(Blob.objects.filter(key__in=keys).values_list("key", flat=True)) if keys else set()
        for key in set(keys) - known:
            delete(key)
            removed += 1
    return removed
