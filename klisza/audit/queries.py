"""Is the log still what was written? (R68)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain as concatenated
from typing import Any

from . import chain, storage
from .models import AuditEvent, AuditHead, AuditLink

ROWS_AT_ONCE = 5000


@dataclass(frozen=True)
class Verdict:
    """fault: '' or a sentence that names the first bad row; unlinked: events not reached by the worker yet."""

    events: int
    heads: int
    unlinked: int
    fault: str = ""


def verify() -> Verdict:
    """Recompute the chain and compare it with every signed head, inside and outside the database."""
    hashes_wanted, heads, fault = _heads()
    previous, before, count = chain.START, 0, 0
    for stored, event in _chained():
        number = event[0]
        if fault:
            break
        if number < before or chain.next_hash(previous, event) != stored:
            fault = (
                f"event {number}: it was changed, or a row between {before} and {number} was added or removed"
            )
        elif number in hashes_wanted and hashes_wanted.pop(number) != stored:
            fault = f"event {number}: the chain was written anew, a signed head says otherwise"
        previous, before, count = stored, number, count + 1
    if not fault and hashes_wanted:
        fault = f"event {min(hashes_wanted)}: a signed head names it, but the chain ends or leaps over it"
    if not fault:
        fault = _added_in_between(before)
    return Verdict(count, heads, AuditEvent.objects.filter(id__gt=before).count() if not fault else 0, fault)


def _chained() -> Iterator[tuple[str, tuple[Any, ...]]]:
    columns = [f"event__{name}" for name in chain.FIELDS]
    rows = AuditLink.objects.order_by("event_id").values_list("hash", *columns)
    return ((row[0], row[1:]) for row in rows.iterator(chunk_size=ROWS_AT_ONCE))


def _heads() -> tuple[dict[int, str], int, str]:
    """(event id -> hash that was signed for it, number of heads, fault)."""
    wanted: dict[int, str] = {}
    number = 0
    inside = (
        storage.Head(row.at, row.event_id, row.hash, row.signature)
        for row in AuditHead.objects.order_by("id")
    )
    try:
        for head in concatenated(storage.heads(), inside):
            number += 1
            if not chain.signature_holds(head.event_id, head.hash, head.at, head.signature):
                return {}, number, f"the head of {chain.moment(head.at)} has a wrong signature"
            if wanted.setdefault(head.event_id, head.hash) != head.hash:
                return {}, number, f"event {head.event_id}: two signed heads contradict each other"
    except ValueError as damaged:
        return {}, number, str(damaged)
    return wanted, number, ""


def _added_in_between(last: int) -> str:
    """A row slipped in below the end of the chain is never linked."""
    stray = AuditEvent.objects.filter(id__lte=last, link=None).order_by("id").first()
    return f"event {stray.id}: it is not part of the chain" if stray else ""
