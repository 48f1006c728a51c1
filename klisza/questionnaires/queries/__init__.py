"""Reading requests and what was answered."""

from .listed import (
    answerable,
    due_for_expiry,
    due_for_reminder,
    is_answerable,
    mine,
    of_others,
    open_count,
    request_of,
    standing,
    unsettled,
)
from .state import Snapshot, person_as_fhir, snapshot

__all__ = [
    "Snapshot",
    "answerable",
    "due_for_expiry",
    "due_for_reminder",
    "is_answerable",
    "mine",
    "of_others",
    "open_count",
    "person_as_fhir",
    "request_of",
    "snapshot",
    "standing",
    "unsettled",
]
