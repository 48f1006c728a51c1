"""Tables and rules that staff edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet

from klisza.base.errors import NotFound
from klisza.examinations.models import KindRule, ProcedureName, ReleaseRule, Ward

from .lists import MOST_ROWS

RELEASE_FIELDS = (
    "kind", "modality", "procedure_code", "ward_code", "flag", "images", "images_days", "report",
    "report_days", "cap_days",
)  # fmt: skip

KIND_FIELDS = ("modality", "procedure_code", "ward_code", "station", "kind", "is_shown")


def procedures(text: str = "") -> QuerySet[ProcedureName]:
    """By the beginning of the code or by words of the name, each of which must occur."""
    rows = ProcedureName.objects.order_by("code")
    wanted = Q()
    for word in text.split():
        wanted &= (
            Q(code__istartswith=word)
            | Q(name_pl__icontains=word)
            | Q(name_en__icontains=word)
            | Q(name_uk__icontains=word)
        )
    return rows.filter(wanted)[:MOST_ROWS]


def procedure(pk: int) -> ProcedureName:
    """Raises NotFound."""
    found = ProcedureName.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def wards() -> list[Ward]:
    return list(Ward.objects.order_by("code"))


def ward(pk: int) -> Ward:
    """Raises NotFound."""
    found = Ward.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def kind_rules() -> list[KindRule]:
    return list(KindRule.objects.all())


def release_rules() -> list[ReleaseRule]:
    return list(ReleaseRule.objects.all())


def release_facts(row: ReleaseRule) -> dict[str, Any]:
    return {name: getattr(row, name) for name in RELEASE_FIELDS}


def kind_facts(row: KindRule) -> dict[str, Any]:
    return {name: getattr(row, name) for name in KIND_FIELDS}


def stamp(rows: Sequence[KindRule | ReleaseRule]) -> str:
    """The same as long as nobody has changed the list."""
    newest = max((row.updated_at.isoformat() for row in rows), default="")
    return f"{len(rows)} {newest}"
