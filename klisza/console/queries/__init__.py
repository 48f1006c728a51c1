"""What staff need to see. Every list is cut: a console is for work, not for browsing people."""

from __future__ import annotations

from .counts import counts
from .lists import (
    MOST_ROWS,
    associations,
    failed_messages,
    open_tasks,
    quarantined,
    quarantined_object,
    received,
    refused_associations,
    refused_connections,
    undelivered,
)
from .people import find, identifiers_of, journal_of, merged_into, tasks_of

__all__ = [
    "MOST_ROWS",
    "associations",
    "counts",
    "failed_messages",
    "find",
    "identifiers_of",
    "journal_of",
    "merged_into",
    "open_tasks",
    "quarantined",
    "quarantined_object",
    "received",
    "refused_associations",
    "refused_connections",
    "tasks_of",
    "undelivered",
]
