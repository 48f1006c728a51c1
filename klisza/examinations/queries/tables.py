"""What staff wrote about codes of the hospital: plain names of procedures, the ordering clinics."""

from __future__ import annotations

from collections.abc import Iterable

from klisza.examinations.models import Examination, ProcedureName, Ward


def procedure_names(examinations: Iterable[Examination]) -> dict[str, ProcedureName]:
    """By procedure code, for all of a page at once."""
    codes = {one.procedure_code for one in examinations if one.procedure_code}
    return {row.code: row for row in ProcedureName.objects.filter(code__in=codes)} if codes else {}


def ward_of(examination: Examination) -> Ward | None:
    """The clinic that ordered it."""
    code = examination.ward_code
    return Ward.objects.filter(code=code).first() if code else None
