"""Reading requests and what was answered."""

from .listed import (
    answerable,
    completion_of,
    delivery_of,
    due_for_expiry,
    due_for_reminder,
    is_answerable,
    mine,
    of_others,
    open_count,
    request_of,
    standing,
    standing_one,
    unprepared,
    unsettled,
)
from .state import Snapshot, person_as_fhir, snapshot

__all__ = [
    "Snapshot",
    "answerable",
    "completion_of",
    "delivery_of",
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
    "standing_one",
    "unprepared",
    "unsettled",
]
