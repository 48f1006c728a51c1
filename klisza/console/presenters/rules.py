"""A rule as a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from klisza.examinations import kinds
from klisza.examinations.models import KindRule, ReleaseRule

from . import words


@dataclass(frozen=True)
class Sentence:
    """when: which examinations; then: what happens to them."""

    when: str
    then: list[str]


def release_rule(row: ReleaseRule) -> Sentence:
    then = [
        _("Images: %(when)s") % {"when": _when(row.images, row.images_days)},
        _("Report: %(when)s") % {"when": _when(row.report, row.report_days)},
    ]
    if row.cap_days is not None:
        then.append(_("In any case %(days)d days after the first final report") % {"days": row.cap_days})
    kind = str(kinds.get(row.kind).name) if row.kind else ""
    return Sentence(_conditions(row, kind, row.flag), then)


def kind_rule(row: KindRule) -> Sentence:
    then = [_("shown to patients") if row.is_shown else _("not shown to patients")]
    if row.kind:
        then.insert(0, str(kinds.get(row.kind).name))
    return Sentence(_conditions(row, "", "", row.station), then)


def _conditions(row: KindRule | ReleaseRule, kind: str, flag: str, station: str = "") -> str:
    said = (
        (_("Kind"), kind),
        (_("Modality"), row.modality),
        (_("Procedure code"), row.procedure_code),
        (_("Ward"), row.ward_code),
        (_("Device"), station),
        (_("Flag"), flag),
    )
    return ", ".join(f"{name}: {value}" for name, value in said if value) or _("All examinations")


def _when(how: str, days: int) -> str:
    if how == "days":
        return _("after %(days)d days") % {"days": days}
    return words.word(words.RELEASED, how)
