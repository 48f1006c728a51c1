"""What was said about a person, with its time: the columns of Patient are folded from it.

An entry is [time, control id, value]; times are UTC texts of one length, so that texts compare like times.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from klisza.base import clock
from klisza.standards.hl7v2.facts import Stamp

Entry = list[Any]
Key = tuple[str, str]

TEXTS = {"family_name": "", "given_name": "", "sex": "", "email": "", "mobile": "", "language": "pl"}
IDENTITY = ("family_name", "given_name", "birth_date", "sex")
# deleted, confidential: the hospital; allowed: staff, after having looked at either.
RESTRICTIONS = ("deleted", "confidential", "allowed")
MOST_ENTRIES = 24  # of one field: an address that changes more often is known by its newest ones


def key_of(stamp: Stamp | None) -> Key:
    """None: a person or a script says it now."""
    return (text_of(stamp.at), stamp.control_id) if stamp else (text_of(clock.now()), "")


def text_of(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def time_of(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def as_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return text_of(value)
    return value.isoformat() if isinstance(value, date) else value


def add(entries: Iterable[Entry], key: Key, value: Any) -> list[Entry]:
    """One more entry at its place; the same stamp again changes nothing."""
    known = list(entries)
    if any(tuple(entry[:2]) == key for entry in known):
        return known
    return _thinned(sorted([*known, [*key, as_value(value)]], key=lambda entry: entry[:2]))


def _thinned(entries: list[Entry]) -> list[Entry]:
    """Of a run of one value the first and the last are enough to tell since when and until when it was said."""
    kept = [
        entry
        for at, entry in enumerate(entries)
        if at in (0, len(entries) - 1) or not entries[at - 1][2] == entry[2] == entries[at + 1][2]
    ]
    return kept[-MOST_ENTRIES:]


def newest(entries: Iterable[Entry]) -> Entry | None:
    return max(entries, key=lambda entry: entry[:2], default=None)


def since(entries: Iterable[Entry]) -> Key:
    """The beginning of the newest run of one value."""
    start: Entry | None = None
    for entry in sorted(entries, key=lambda each: each[:2]):
        if start is None or entry[2] != start[2]:
            start = entry
    return (start[0], start[1]) if start else ("", "")
