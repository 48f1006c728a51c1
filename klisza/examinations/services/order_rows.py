"""The row of an order: which one a message means, and what of the message goes into it.

Every field keeps the moment at which it was stated, so that an older message never overwrites a newer one (2.3, L7).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import CharField

from klisza.base import clock
from klisza.examinations.models import Order, State
from klisza.examinations.queries import names as naming
from klisza.examinations.queries.names import Name
from klisza.standards.hl7v2.facts import DELETED, Identifier, ProcedureStep, Stamp

NUMBERS = ("accession_number", "filler_number", "placer_number")
PLAIN = (
    "requested_procedure_id",
    "study_instance_uid",
    "modality",
    "station",
    "scheduled_at",
    "performed_at",
)


def has_number(step: ProcedureStep) -> bool:
    return any(_value(getattr(step, field)) for field in NUMBERS)


def names_of(order: Order) -> set[Name]:
    said = {
        Name("filler", order.filler_number, order.filler_issuer),
        Name("placer", order.placer_number, order.placer_issuer),
        Name("accession", order.accession_number, order.accession_issuer),
        Name("procedure", order.requested_procedure_id),
        Name("study", order.study_instance_uid),
    }
    return {name for name in said if name.value}


def names_in(step: ProcedureStep) -> set[Name]:
    """The numbers a message gave, as names."""
    said = {
        Name(field.removesuffix("_number"), _value(number)[:128], _issuer(number)[:128])
        for field in NUMBERS
        for number in [getattr(step, field)]
    }
    return {name for name in said if name.value}


def known(step: ProcedureStep, issuer: str) -> Order | None:
    """By the filler's number where both have one, else the placer's, else the accession number."""
    for field in ("filler_number", "placer_number", "accession_number"):
        value = _value(getattr(step, field))
        if value:
            rows = Order.objects.filter(issuer=issuer, **{field: value}).order_by("created_at", "id")
            for row in rows:
                if _is_same(row, step):
                    return row
    return None


def _is_same(order: Order, step: ProcedureStep) -> bool:
    for field in ("filler_number", "placer_number", "accession_number"):
        theirs: Identifier | None = getattr(step, field)
        ours = getattr(order, field)
        if ours and _value(theirs):
            issuer = getattr(order, field.replace("_number", "_issuer"))
            same = ours == _value(theirs) and naming.is_same_issuer(issuer, _issuer(theirs))
            return same and _is_same_procedure(order, step)
    return False


def _is_same_procedure(order: Order, step: ProcedureStep) -> bool:
    """One filler number may stand over several procedures with an accession number each (grouped)."""
    number = _value(step.accession_number)
    if not order.accession_number or not number or order.accession_number == number:
        return not (
            order.study_instance_uid
            and step.study_instance_uid
            and order.study_instance_uid != step.study_instance_uid
            and not number
        )
    return bool(step.requested_procedure_id) and order.requested_procedure_id == step.requested_procedure_id


def update(order: Order, step: ProcedureStep, stamp: Stamp, origin: str) -> bool:
    """Field by field, what was stated newest; says whether anything changed."""
    before = _values(order)
    for field in NUMBERS:
        _put(order, stamp, field, _numbered(field, getattr(step, field)))
    for field in PLAIN:
        _put(order, stamp, field, {field: getattr(step, field)})
    code = {"procedure_code": step.procedure_code[:64], "procedure_text": step.procedure_text[:200]}
    _put(order, stamp, "procedure", code if step.procedure_code or step.procedure_text else {})
    ward = {"ward_code": step.ward[:64], "ward_text": step.ward_text[:200]}
    _put(order, stamp, "ward", ward if step.ward or step.ward_text else {})
    status = State.CANCELLED if step.is_withdrawn or step.status == "cancelled" else State(step.status)
    if is_newer(order, status, stamp):
        order.stated[status] = as_row(stamp)
    order.state = _resulting(order)
    changed = before != _values(order)
    if changed:
        order.origin = origin
    return changed


def forget(order: Order) -> None:
    blank = Order()
    for name in _values(order):
        if name != "patient_id":
            setattr(order, name, getattr(blank, name))
    order.stated = {}


def _put(order: Order, stamp: Stamp, field: str, values: dict[str, Any]) -> None:
    said = {name: value for name, value in values.items() if value not in ("", None)}
    if not said or not is_newer(order, field, stamp):
        return
    for name, value in values.items():
        setattr(order, name, _kept(name, value))
    order.stated[field] = as_row(stamp)


def _kept(name: str, value: Any) -> Any:
    """Cut to the column's length; '""' removes what was said before."""
    if not isinstance(value, str):
        return value
    column = Order._meta.get_field(name)
    most = column.max_length if isinstance(column, CharField) else None
    return "" if value == DELETED else value[:most]


def _numbered(field: str, number: Identifier | None) -> dict[str, Any]:
    issuer = field.replace("_number", "_issuer")
    return {field: _value(number), issuer: _issuer(number)} if _value(number) else {}


def _resulting(order: Order) -> State:
    """A cancellation counts until something newer is said; what was performed does not become planned again."""
    cancelled = order.stated.get(State.CANCELLED)
    newer = [
        state
        for state in (State.PERFORMED, State.PLANNED)
        if state in order.stated and (cancelled is None or _stamp(order.stated[state]) > _stamp(cancelled))
    ]
    return newer[0] if newer else State.CANCELLED


def save(order: Order) -> None:
    """key: the filler's number, else the placer's, else the accession number; a grouped one has both."""
    first = order.filler_number or order.placer_number or order.accession_number
    grouped = order.accession_number and order.accession_number != first
    order.key = (f"{first}/{order.accession_number}" if grouped else first)[:200]
    taken = Order.objects.filter(issuer=order.issuer, key=order.key).exclude(pk=order.pk).exists()
    if taken:  # the same numbers of another issuer, behind one sender
        order.key = f"{order.key[:160]}/{order.pk.hex}"
    order.updated_at = clock.now()
    order.save()


def _values(order: Order) -> dict[str, Any]:
    told = [
        *NUMBERS,
        *PLAIN,
        "procedure_code",
        "procedure_text",
        "ward_code",
        "ward_text",
        "state",
        "patient_id",
    ]
    return {name: getattr(order, name) for name in told}


def _value(number: Identifier | None) -> str:
    return "" if number is None or number.value == DELETED else number.value.strip()


def _issuer(number: Identifier | None) -> str:
    return "" if number is None else (number.issuer or number.namespace).strip()


def as_row(stamp: Stamp) -> list[str]:
    return [stamp.at.isoformat(), stamp.control_id]


def _stamp(row: list[str]) -> Stamp:
    return Stamp(datetime.fromisoformat(row[0]), row[1])


def is_newer(order: Order, field: str, stamp: Stamp) -> bool:
    return field not in order.stated or stamp > _stamp(order.stated[field])


def first_stated(order: Order) -> datetime:
    return min(_stamp(row).at for row in order.stated.values())
