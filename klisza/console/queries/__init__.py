"""What staff need to see. Every list is cut: a console is for work, not for browsing people."""

from __future__ import annotations

from .counts import counts
from .lists import MOST_ROWS, failed_messages, open_tasks, quarantined, refused_associations, unmatched
from .people import find, identifiers_of, tasks_of

__all__ = [
    "MOST_ROWS",
    "counts",
    "failed_messages",
    "find",
    "identifiers_of",
    "open_tasks",
    "quarantined",
    "refused_associations",
    "tasks_of",
    "unmatched",
]
