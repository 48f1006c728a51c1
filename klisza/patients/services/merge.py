"""Two records, one person: an alias, never a copy (architecture.md 2, R61)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import BadMessage
from klisza.patients import queries
from klisza.patients.models import MergeRecord, Patient

from . import death
from .family import Family, hold, refold, tell_readers
from .restriction import follow
from .rivals import settle_rivals

MERGE, LINK, UNLINK, CHANGE, MOVE = "merge", "link", "unlink", "change", "move"
DONE_WORDS = {
    MERGE: "patient.merged",
    LINK: "patient.linked",
    CHANGE: "patient.merged",
    MOVE: "patient.moved",
}


class Circle(BadMessage):
    """A record cannot become an alias of itself, or of its own alias."""


class Elsewhere(BadMessage):
    """The record is an alias of somebody else already."""


def merge(
    *,
    survivor: Patient,
    other: Patient,
    by: Actor,
    stated_at: datetime | None = None,
    origin: str = "",
    kind: str = MERGE,
) -> None:
    """`other` becomes an alias of `survivor`; no row is moved, and undo_merge takes it back.

    stated_at: when the hospital says it was so; None = now. origin: the message that says so.
    kind: merge | link | change | move, for the journal.
    Of two accounts the survivor's goes on (rivals.py). Repeating a merge changes nothing, and neither does a
    message whose merge staff have undone, or one that a later "unlink" contradicts.
    Raises BadMessage for a circle or when `other` belongs to somebody else already.
    """
    with transaction.atomic():
        family = hold(survivor, other)
        first, second = family.row(survivor), family.row(other)
        if origin and _is_known(first, second, kind, stated_at, origin):
            return
        if first.pk == second.pk:
            raise Circle("a patient cannot be merged into itself")
        if _is_contradicted(first, second, stated_at):
            _note(first, second, kind, stated_at, origin, undone=True)
            return
        if second.survivor_id is not None and family.top(second).pk == family.top(first).pk != second.pk:
            if origin:
                _note(first, second, kind, stated_at, origin)
            _date_back(family, second)
            return
        _refuse_nonsense(family, first, second)
        entry = _note(first, second, kind, stated_at, origin)
        second.survivor_id, second.merged_at = first.pk, entry.stated_at
        second.save(update_fields=["survivor", "merged_at"])
        top = family.top(first)
        _settle(family, [top], entry, by)
        record(DONE_WORDS[kind], by=by, patient_id=top.pk, objects=[first, second])


def undo_merge(*, other: Patient, by: Actor, reason: str = "") -> None:
    """The two were different persons after all: every record has its own facts and its own account again.

    Raises BadMessage when `other` is nobody's alias.
    """
    with transaction.atomic():
        family = hold(other)
        second = family.row(other)
        if second.survivor_id is None:
            raise BadMessage("this patient is not merged into another one")
        first = family.top(second)
        separate(family, second, by=by)
        record("patient.unmerged", by=by, patient_id=first.pk, objects=[first, second], reason=reason[:500])


def separate(family: Family, second: Patient, *, by: Actor) -> None:
    """Undo one step, in the caller's transaction. The journal keeps it from being done again by a replay."""
    first = family.top(second)
    MergeRecord.objects.filter(other=second, undone_at=None).exclude(kind=UNLINK).update(
        undone_at=clock.now(), undone_by=by.id[:64]
    )
    second.survivor_id, second.merged_at = None, None
    second.save(update_fields=["survivor", "merged_at"])
    _settle(family, [first, second], None, by)


def _settle(family: Family, tops: Iterable[Patient], entry: MergeRecord | None, by: Actor) -> None:
    refold(family)
    rows = list(family.rows.values())
    tell_readers(family, rows)
    done = [effect for top in tops for effect in settle_rivals(family, top, by=by)]
    if entry is not None and done:
        entry.accounts = done
        entry.save(update_fields=["accounts"])
    for top in tops:
        if "restricted_reason" in family.changed.get(top.pk, set()):
            follow(top, by=by)
        if top.is_dead or "is_dead" in family.changed.get(top.pk, set()):
            death.follow(top, by=by)


def _is_known(first: Patient, second: Patient, kind: str, stated_at: datetime | None, origin: str) -> bool:
    """The same statement again: by the same message, or by another one with the same time."""
    same = MergeRecord.objects.filter(survivor=first, other=second, kind=kind)
    return same.filter(origin=origin).exists() or (
        stated_at is not None and same.filter(stated_at=stated_at).exists()
    )


def _is_contradicted(first: Patient, second: Patient, stated_at: datetime | None) -> bool:
    if stated_at is None:
        return False
    pair = [first.pk, second.pk]
    later = MergeRecord.objects.filter(survivor__in=pair, other__in=pair, kind=UNLINK)
    return later.filter(stated_at__gte=stated_at).exists()


def _note(
    first: Patient,
    second: Patient,
    kind: str,
    stated_at: datetime | None,
    origin: str,
    *,
    undone: bool = False,
) -> MergeRecord:
    now = clock.now()
    return MergeRecord.objects.create(
        kind=kind,
        survivor=first,
        other=second,
        stated_at=stated_at or now,
        origin=origin,
        done_at=now,
        undone_at=now if undone else None,
    )


def _date_back(family: Family, second: Patient) -> None:
    """Said twice with different times: the first one counts, whichever came first."""
    first_said = (
        MergeRecord.objects.filter(other=second, survivor=second.survivor_id, undone_at=None)
        .exclude(kind=UNLINK)
        .order_by("stated_at")
        .first()
    )
    if first_said and second.merged_at and first_said.stated_at < second.merged_at:
        second.merged_at = first_said.stated_at
        second.save(update_fields=["merged_at"])
        refold(family)


def _refuse_nonsense(family: Family, first: Patient, second: Patient) -> None:
    if second.pk == family.top(first).pk:
        raise Circle("a patient cannot be merged into its own alias")
    if second.survivor_id is not None:
        raise Elsewhere("this patient is already merged into another one")


def unlink(
    *, first: Patient, second: Patient, by: Actor, stated_at: datetime | None = None, origin: str = ""
) -> bool:
    """A37: these two are not one person. True when they were separated now.

    Kept even when nothing joins them yet: an older link that arrives later does nothing.
    """
    with transaction.atomic():
        family = hold(first, second)
        one, two = family.row(first), family.row(second)
        if origin and _is_known(one, two, UNLINK, stated_at, origin):
            return False
        _note(one, two, UNLINK, stated_at, origin)
        if one.pk == two.pk or family.top(one).pk != family.top(two).pk:
            return False
        step = two if two.survivor_id is not None else one
        if stated_at and step.merged_at and step.merged_at > stated_at:
            return False
        top = family.top(step)
        separate(family, step, by=by)
        record("patient.unlinked", by=by, patient_id=top.pk, objects=[one, two])
        return True


def link(
    *, first: Patient, second: Patient, by: Actor, stated_at: datetime | None = None, origin: str = ""
) -> None:
    """A24: one person, known under two issuers. Like a merge, and unlink separates them."""
    if queries.survivor(first).pk == queries.survivor(second).pk:
        return
    other = second if second.survivor_id is None else queries.survivor(second)
    merge(survivor=first, other=other, by=by, stated_at=stated_at, origin=origin, kind=LINK)
