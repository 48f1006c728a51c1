"""Tables that staff keep: plain names of procedures, ordering clinics, which kinds are shown.

A change is applied to existing examinations by the worker, some at a time (rules.apply_rules).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils.translation import gettext as _

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import NotFound, Refused
from klisza.examinations import kinds
from klisza.examinations.models import KindRule, ProcedureName, Ward
from klisza.examinations.tables import (
    PROCEDURE_COLUMNS,
    WARD_COLUMNS,
    Problem,
    Row,
    problem_of,
    read_table,
)

from .rules import note_rule_change

RULES_MOST = 500
RULE_FIELDS = {"modality": 16, "procedure_code": 64, "ward_code": 64, "station": 64, "kind": 8}
Named = TypeVar("Named", ProcedureName, Ward)


@dataclass(frozen=True)
class ImportOutcome:
    """What an import did, or would do. errors: then nothing at all was changed; (line, sentence) each."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: tuple[Problem, ...] = ()


def import_procedure_names(csv_text: str | bytes, by: Actor, *, dry_run: bool = False) -> ImportOutcome:
    """code, name_pl; further columns: name_en, name_uk, kind, flags. Codes that the file does not name stay.

    dry_run: only count. Bytes are read as UTF-8, else as Windows-1250; separated by ; , or tabs.
    """
    return _import(ProcedureName, csv_text, PROCEDURE_COLUMNS, by, dry_run=dry_run)


def import_wards(csv_text: str | bytes, by: Actor, *, dry_run: bool = False) -> ImportOutcome:
    """code, name; further columns: telephone, next_step_pl, next_step_en, next_step_uk."""
    return _import(Ward, csv_text, WARD_COLUMNS, by, dry_run=dry_run)


@transaction.atomic
def save_procedure_name(*, values: Mapping[str, Any], by: Actor) -> ProcedureName:
    """Make or change the name of one code. Raises Refused."""
    return _save_one(ProcedureName, values, PROCEDURE_COLUMNS, by)


@transaction.atomic
def save_ward(*, values: Mapping[str, Any], by: Actor) -> Ward:
    """Make or change what patients read of one clinic. Raises Refused."""
    return _save_one(Ward, values, WARD_COLUMNS, by)


@transaction.atomic
def delete_procedure_name(*, code: str, by: Actor) -> None:
    """Patients read the name of the kind again. Raises NotFound."""
    _delete(ProcedureName, code, by)


@transaction.atomic
def delete_ward(*, code: str, by: Actor) -> None:
    """Raises NotFound."""
    _delete(Ward, code, by)


@transaction.atomic
def save_kind_rules(*, rules: Sequence[Mapping[str, Any]], by: Actor) -> list[KindRule]:
    """Replace the rules by these, in their order; the first that fits an examination decides.

    Each: modality, procedure_code, ward_code, station (blank = any), kind (blank = as it would be), is_shown.
    Raises Refused, which names the rule by its place.
    """
    if len(rules) > RULES_MOST:
        raise Refused(_("These are too many rules."))
    now = clock.now()
    rows = [
        KindRule(position=place, updated_at=now, **_rule(rule, place))
        for place, rule in enumerate(rules, start=1)
    ]
    KindRule.objects.all().delete()
    saved = KindRule.objects.bulk_create(rows)
    record("rule.changed", by=by, objects=saved)
    note_rule_change()
    return saved


def _rule(rule: Mapping[str, Any], place: int) -> dict[str, Any]:
    values = {name: str(rule.get(name) or "").strip()[:most] for name, most in RULE_FIELDS.items()}
    if values["kind"] and values["kind"] not in kinds.BY_CODE:
        raise Refused(_("Rule %(place)d: unknown kind of examination.") % {"place": place})
    return {**values, "modality": values["modality"].upper(), "is_shown": bool(rule.get("is_shown", True))}


@transaction.atomic
def _import(
    model: type[Named], source: str | bytes, columns: Mapping[str, int], by: Actor, *, dry_run: bool
) -> ImportOutcome:
    table = read_table(source, columns)
    if table.problems:
        return ImportOutcome(errors=tuple(table.problems))
    known = {row.code: row for row in model._default_manager.select_for_update()}
    created = [row for row in table.rows if row["code"] not in known]
    changed = [row for row in table.rows if row["code"] in known and _differs(known[row["code"]], row)]
    outcome = ImportOutcome(len(created), len(changed), len(table.rows) - len(created) - len(changed))
    if dry_run or not (created or changed):
        return outcome
    now = clock.now()
    for row in created:
        model._default_manager.create(updated_at=now, **row)
    for row in changed:
        model._default_manager.filter(code=row["code"]).update(updated_at=now, **row)
    record("rule.changed", by=by, reason=f"{model.__name__}: {len(created)} new, {len(changed)} changed")
    note_rule_change()
    return outcome


def _differs(known: models.Model, row: Row) -> bool:
    return any(getattr(known, name) != value for name, value in row.items())


def _save_one(model: type[Named], values: Mapping[str, Any], columns: Mapping[str, int], by: Actor) -> Named:
    row = {name: str(values.get(name) or "").strip() for name in columns}
    if problem := problem_of(row, columns):
        raise Refused(problem)
    saved, _made = model._default_manager.update_or_create(
        code=row["code"], defaults={**row, "updated_at": clock.now()}
    )
    record("rule.changed", by=by, objects=[saved])
    note_rule_change()
    return saved


def _delete(model: type[ProcedureName] | type[Ward], code: str, by: Actor) -> None:
    found = model._default_manager.filter(code=code).first()
    if found is None:
        raise NotFound
    record("rule.changed", by=by, objects=[found], reason="deleted")
    found.delete()
    note_rule_change()
