"""Reading patients. A merge re-points nothing, so every reading starts at the survivor and takes its
aliases.
"""

from __future__ import annotations

from .identifiers import aliases_of_issuers, find_person, forms_of, issuers_of, record_for
from .people import (
    access_events,
    accounts_of,
    aliases,
    find_by_identifier,
    full_name,
    get,
    open_tasks,
    patient_of,
    search,
    survivor,
    viewer_for,
    viewer_for_staff,
)

__all__ = [
    "access_events",
    "accounts_of",
    "aliases",
    "aliases_of_issuers",
    "find_by_identifier",
    "find_person",
    "forms_of",
    "full_name",
    "get",
    "issuers_of",
    "open_tasks",
    "patient_of",
    "record_for",
    "search",
    "survivor",
    "viewer_for",
    "viewer_for_staff",
]
