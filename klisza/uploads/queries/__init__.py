from __future__ import annotations

from .progress import (
    Progress,
    delivery_of,
    file_of,
    files_of,
    progress,
    progress_of,
    unclear_persons,
    uploads_of,
)

__all__ = [
    "Progress",
    "delivery_of",
    "file_of",
    "files_of",
    "progress",
    "progress_of",
    "unclear_persons",
    "uploads_of",
]
