"""The records of one person, locked together, and their columns folded from what was said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F

from klisza.accounts.models import Account
from klisza.accounts.services import revoke
from klisza.base import clock
from klisza.patients import queries
from klisza.patients.models import Patient
from klisza.patients.statements import IDENTITY, RESTRICTIONS, TEXTS, Entry, newest, since, text_of, time_of

COLUMNS = (*TEXTS, "birth_date", "is_dead", "died_at")


@dataclass
class Family:
    """Locked rows of one or more persons. Always locked in the order of their ids: no two wait for each other."""

    rows: dict[UUID, Patient]
    changed: dict[UUID, set[str]] = field(default_factory=dict)

    def row(self, patient: Patient) -> Patient:
        return self.rows[patient.pk]

    def top(self, patient: Patient) -> Patient:
        found = self.rows[patient.pk]
        while found.survivor_id is not None:
            found = self.rows[found.survivor_id]
        return found

    def members(self, top: Patient) -> list[Patient]:
        return [row for row in self.rows.values() if self.top(row).pk == top.pk]

    def children(self, of: Patient) -> list[Patient]:
        return [row for row in self.rows.values() if row.survivor_id == of.pk]


def hold(*patients: Patient) -> Family:
    """Lock every record of these persons; somebody may have merged them while we waited, so look again."""
    wanted: set[UUID] = set()
    rows: list[Patient] = []
    while True:
        ids = {pk for patient in patients for pk in queries.aliases(queries.survivor(_fresh(patient)))}
        if ids <= wanted:
            return Family({row.pk: row for row in rows if row.pk in ids})
        wanted |= ids
        rows = list(Patient.objects.select_for_update().filter(pk__in=wanted).order_by("pk"))


def _fresh(patient: Patient) -> Patient:
    return Patient.objects.only("survivor").get(pk=patient.pk)


def refold(family: Family) -> None:
    """Columns of all records anew, from the survivor down; saves what differs and remembers it in `changed`."""
    for top in [row for row in family.rows.values() if row.survivor_id is None]:
        _fold(family, top, above="")


def _fold(family: Family, row: Patient, *, above: str) -> None:
    before = {name: getattr(row, name) for name in (*COLUMNS, "stated", "restricted_reason")}
    stated = dict(row.stated)
    for name in COLUMNS:
        if name != "died_at":
            _fold_column(family, row, name, stated)
    own = _restriction(family, row, stated)
    row.restricted_reason = own or above
    row.stated = dict(sorted(stated.items()))
    differing = {name for name, value in before.items() if getattr(row, name) != value}
    if differing:
        row.save(update_fields=sorted(differing))
    family.changed.setdefault(row.pk, set()).update(differing)
    for child in family.children(row):
        _fold(family, child, above=row.restricted_reason)


def _fold_column(family: Family, row: Patient, name: str, stated: dict[str, Any]) -> None:
    found = newest(_entries(family, row, name))
    if found is None:
        if stated.pop(name, None) is not None:  # it came with a merge that was undone
            _set(row, name, None)
        return
    stated[name] = found[:2]
    _set(row, name, found[2])


def _set(row: Patient, name: str, value: Any) -> None:
    if name == "is_dead":
        row.is_dead = value is not None and value is not False
        row.died_at = time_of(value) if isinstance(value, str) else None
    elif name == "birth_date":
        row.birth_date = date.fromisoformat(value) if value else None
    else:
        setattr(row, name, value or TEXTS[name])


def _entries(family: Family, row: Patient, name: str) -> list[Entry]:
    """Of a merged record what was said before its merge; what was said later belongs to the survivor."""
    found = _all_entries(family, row, name)
    if row.survivor_id is None or row.merged_at is None:
        return found
    limit = text_of(row.merged_at)
    return [entry for entry in found if entry[0] <= limit]


def _all_entries(family: Family, row: Patient, name: str) -> list[Entry]:
    found: list[Entry] = list(row.statements.get(name, []))
    for child in family.children(row):
        if child.merged_at is not None:
            limit = text_of(child.merged_at)
            found += [entry for entry in _all_entries(family, child, name) if entry[0] > limit]
    return found


def _restriction(family: Family, row: Patient, stated: dict[str, Any]) -> str:
    """Shown to nobody: until the hospital or, after the beginning of this very request, staff say otherwise."""
    said = {name: _entries(family, row, name) for name in RESTRICTIONS}
    if not any(said.values()) and not any(name in stated for name in RESTRICTIONS):
        return row.restricted_reason if row.survivor_id is None else ""
    for name, entries in said.items():
        found = newest(entries)
        stated.pop(name, None)
        if found:
            stated[name] = found[:2]
    allowed = newest(said["allowed"])
    for name in ("deleted", "confidential"):
        found = newest(said[name])
        if found and found[2] and not (allowed and tuple(allowed[:2]) > since(said[name])):
            return name
    return ""


def tell_readers(family: Family, rows: Iterable[Patient]) -> None:
    """Whoever may see something because of these rows asks anew: tickets and sessions that were given out for
    the old state end at their next use, and what is linked to them is looked at again.
    """
    ids = [row.pk for row in rows]
    changed = Patient.objects.filter(pk__in=ids)
    changed.update(access_epoch=F("access_epoch") + 1, updated_at=clock.now())
    for account_id in Account.objects.filter(patient__in=ids).values_list("pk", flat=True):
        revoke(subject=str(account_id))
    for carer_id in set(queries.carers_of_rows(ids)):
        revoke(subject=str(carer_id))
    for row in rows:
        row.refresh_from_db()


def is_other_person(changed: set[str]) -> bool:
    """Columns that decide what may be linked or seen."""
    return bool(changed & {*IDENTITY, "restricted_reason"})
