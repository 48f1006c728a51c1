"""The rules of staff before the built-in table of kinds: for one examination, and as everybody reads them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from klisza.examinations import kinds
from klisza.examinations.kinds import Kind
from klisza.examinations.models import Examination, KindRule


@dataclass(frozen=True)
class CoveredKind:
    """A row of the public page. partly: rules of procedures, wards or devices show only some of this kind."""

    kind: Kind
    partly: bool = False


def kind_rules() -> list[KindRule]:
    return list(KindRule.objects.order_by("position", "id"))


def kind_rule_for(examination: Examination, modalities: Collection[str]) -> KindRule | None:
    """The first rule that fits; blank = any."""
    for rule in kind_rules():
        if (
            (not rule.modality or rule.modality.upper() in modalities)
            and rule.procedure_code in ("", examination.procedure_code)
            and rule.ward_code in ("", examination.ward_code)
            and rule.station in ("", examination.station)
        ):
            return rule
    return None


def covered_kinds() -> list[CoveredKind]:
    """What patients find here (S18): the built-in table with the rules of staff applied."""
    rules = kind_rules()
    verdicts = ((kind, _verdicts(kind, rules)) for kind in kinds.ALL)
    return [CoveredKind(kind, partly=len(said) > 1) for kind, said in verdicts if True in said]


def _verdicts(kind: Kind, rules: Sequence[KindRule]) -> set[bool]:
    """Shown, not shown or, by procedure, ward or device, both.

    An examination becomes this kind by its modality, or by a rule that says so.
    """
    said = {_by_modality(kind, modality, rules) for modality in kind.modalities or ("",)} - {None}
    # A rule of one procedure, ward or device decides for a part only.
    for rule in _reached(rules):
        concerns = rule.kind == kind.code or (not rule.kind and _may_concern(rule, kind))
        if (_is_particular(rule) and concerns) or rule.kind == kind.code:
            said.add(rule.is_shown)
    return {bool(one) for one in said}


def _by_modality(kind: Kind, modality: str, rules: Sequence[KindRule]) -> bool | None:
    """None: a rule makes another kind of all of it."""
    for rule in rules:
        if not _is_particular(rule) and rule.modality.upper() in ("", modality):
            return rule.is_shown if rule.kind in ("", kind.code) else None
    return kind.shown


def _may_concern(rule: KindRule, kind: Kind) -> bool:
    return rule.modality.upper() in kind.modalities


def _is_particular(rule: KindRule) -> bool:
    return bool(rule.procedure_code or rule.ward_code or rule.station)


def _reached(rules: Sequence[KindRule]) -> list[KindRule]:
    """Up to the first rule that fits everything."""
    reached = []
    for rule in rules:
        reached.append(rule)
        if not _is_particular(rule) and not rule.modality:
            break
    return reached
