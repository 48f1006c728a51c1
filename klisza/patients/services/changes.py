"""Identifiers that change (A47) or move to another person (A43), and records known by their number only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import BadMessage
from klisza.patients import queries
from klisza.patients.models import MergeRecord, Patient, PatientIdentifier
from klisza.patients.queries import Form

from .family import hold, tell_readers
from .identifiers import add_forms, mark_replaced, rows_of
from .merge import CHANGE, MOVE, merge


def shell(*, forms: Sequence[Form], by: Actor, initial: bool = False) -> Patient:
    """The record these identifiers stand on; made without a name when a merge names it before its ADT does.

    Nobody sees anything of such a record; a later ADT fills it.
    """
    try:
        return _find_or_make(forms, by, initial=initial)
    except IntegrityError:  # another process was first
        return _find_or_make(forms, by, initial=initial)


@transaction.atomic
def _find_or_make(forms: Sequence[Form], by: Actor, *, initial: bool) -> Patient:
    found = queries.records(forms)
    if found:
        if len({queries.survivor(each).pk for each in found}) == 1:
            add_forms(found[0], forms)
        return found[0]
    now = clock.now()
    patient = Patient.objects.create(created_at=now, updated_at=now, is_quiet=initial)
    add_forms(patient, forms)
    record("patient.created", by=by, patient_id=patient.pk, objects=[patient])
    return patient


@transaction.atomic
def change_identifier(
    *,
    new: Sequence[Form],
    old: Sequence[Form],
    stated_at: datetime,
    origin: str = "",
    by: Actor,
    initial: bool = False,
) -> Patient:
    """A47: `old` is called `new` from now on; both lead to the same person, and the account stays.

    Where both are known as different records, one becomes an alias of the other. Raises Circle, Elsewhere.
    Returns the record of the new identifier.
    """
    known, former = queries.records(new), queries.records(old)
    existing = [*known, *former]
    owner = existing[0] if existing else shell(forms=[*new, *old], by=by, initial=initial)
    family = hold(owner)
    is_news = add_forms(owner, new if former else [*new, *old])
    is_news |= mark_replaced(old, at=stated_at, replaced=True)
    is_news |= mark_replaced(new, at=stated_at, replaced=False)
    if is_news:
        top = family.top(owner)
        tell_readers(family, family.members(top))
        record("patient.updated", by=by, patient_id=top.pk, objects=[top])
    for other in former:
        if queries.survivor(other).pk != queries.survivor(owner).pk:
            merge(survivor=owner, other=other, by=by, stated_at=stated_at, origin=origin, kind=CHANGE)
    return owner


@transaction.atomic
def move_identifiers(
    *, forms: Sequence[Form], target: Patient, stated_at: datetime, origin: str = "", by: Actor
) -> list[Patient]:
    """A43: what these identifiers mean belongs to `target`.

    A record that has no other identifier becomes an alias of the target, with all that stands on it. Of a
    record that keeps another one only the identifiers move: images follow them by themselves, what else
    belongs to them nobody can tell. Those records are returned: staff must look.
    """
    sources = {row.patient_id: row.patient for row in rows_of(forms)}
    left = []
    for source in sources.values():
        family = hold(source, target)
        if family.top(family.row(source)).pk == family.top(family.row(target)).pk:
            continue
        if MergeRecord.objects.filter(
            survivor=target, other=source, kind=MOVE, stated_at=stated_at, undone_at__isnull=False
        ).exists():
            continue  # staff have taken this very message back
        moving = [row for row in rows_of(forms) if row.patient_id == source.pk]
        if source.identifiers.exclude(pk__in=[row.pk for row in moving]).exists():
            _move(moving, source, target, stated_at=stated_at, origin=origin, by=by)
            tell_readers(family, list(family.rows.values()))
            left.append(source)
        else:
            merge(survivor=target, other=source, by=by, stated_at=stated_at, origin=origin, kind=MOVE)
    return left


def _move(
    rows: Sequence[PatientIdentifier],
    source: Patient,
    target: Patient,
    *,
    stated_at: datetime,
    origin: str,
    by: Actor,
) -> None:
    PatientIdentifier.objects.filter(pk__in=[row.pk for row in rows]).update(patient=target)
    _, is_news = MergeRecord.objects.get_or_create(
        kind=MOVE,
        survivor=target,
        other=source,
        stated_at=stated_at,
        origin=origin,
        accounts=[{"identifier": [row.issuer, row.value]} for row in rows],
        undone_at=None,
        defaults={"done_at": clock.now()},
    )
    if not is_news:  # a replay: they stood with the source only while older messages were applied anew
        return
    for person in (source, target):
        record("patient.moved", by=by, patient_id=queries.survivor(person).pk, objects=[source, target])


@transaction.atomic
def note_move(*, source: Patient, target: Patient, stated_at: datetime, origin: str, by: Actor) -> bool:
    """A44, A45: something of `source` belongs to `target`, and nobody can tell what. False when it is known."""
    known = MergeRecord.objects.filter(survivor=target, other=source, kind=MOVE, stated_at=stated_at)
    if known.exists():
        return False
    now = clock.now()
    MergeRecord.objects.create(
        kind=MOVE, survivor=target, other=source, stated_at=stated_at, origin=origin, done_at=now
    )
    record("patient.moved", by=by, patient_id=queries.survivor(source).pk, objects=[source, target])
    return True


def before_moves(patient_ids: Collection[UUID]) -> None:
    """Replay: identifiers stand where they stood before messages moved them, until those are applied anew."""
    moves = MergeRecord.objects.filter(kind=MOVE, other__in=patient_ids, undone_at=None).exclude(origin="")
    for move in moves.exclude(accounts=[]).order_by("-done_at", "-id"):
        for issuer, value in (effect["identifier"] for effect in move.accounts if "identifier" in effect):
            PatientIdentifier.objects.filter(issuer=issuer, value=value, patient=move.survivor_id).update(
                patient=move.other_id
            )


@transaction.atomic
def undo_move(*, move: MergeRecord, by: Actor) -> None:
    """Staff: these identifiers belong where they were. Raises BadMessage for another kind of entry."""
    entry = MergeRecord.objects.select_for_update().get(pk=move.pk)
    named = [effect["identifier"] for effect in entry.accounts if "identifier" in effect]
    if entry.kind != MOVE or entry.undone_at is not None or not named:
        raise BadMessage("this is no move of identifiers that could be undone")
    family = hold(entry.survivor, entry.other)
    for issuer, value in named:
        PatientIdentifier.objects.filter(issuer=issuer, value=value, patient=entry.survivor).update(
            patient=entry.other
        )
    entry.undone_at, entry.undone_by = clock.now(), by.id[:64]
    entry.save(update_fields=["undone_at", "undone_by"])
    tell_readers(family, list(family.rows.values()))
    record("patient.unmerged", by=by, patient_id=entry.survivor_id, objects=[entry.survivor, entry.other])
