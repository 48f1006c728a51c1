"""Orders: what a RIS or HIS said last of each requested procedure, and the examinations they lead to.

ORM, OMI and OMG are filed here, and what the OBR of a report says of its procedure as well. Every field keeps
the moment at which it was stated, so that an older message never overwrites a newer one (2.3, L7).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import CharField

from klisza.archive.models import Study
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.turns import Turns
from klisza.examinations import queries
from klisza.examinations.models import Examination, Order, ReportVersion, State
from klisza.examinations.queries import names as naming
from klisza.examinations.queries.names import Name
from klisza.patients.models import Patient
from klisza.standards.hl7v2.facts import DELETED, Identifier, ProcedureStep, Stamp

from . import matching
from .matching import OfAnotherPatient
from .moving import come_back, leave
from .relinking import look_again
from .state import refresh

TURNS = Turns("waiting_orders")
NUMBERS = ("accession_number", "filler_number", "placer_number")
PLAIN = (
    "requested_procedure_id",
    "study_instance_uid",
    "modality",
    "station",
    "scheduled_at",
    "performed_at",
)


@dataclass(frozen=True)
class OrderTrouble:
    """Business trouble that staff must look at; kinds as of WorkItem."""

    kind: str
    examination: Examination | None = None
    detail: str = ""


Report = Callable[[OrderTrouble], None]


def _nobody(_: OrderTrouble) -> None:
    pass


@transaction.atomic
def file_order(
    *,
    patient: Patient,
    step: ProcedureStep,
    stamp: Stamp,
    issuer: str,
    origin: str,
    by: Actor,
    quiet: bool = False,
    trouble: Report = _nobody,
) -> Order:
    """Keep what an order message says of one procedure, and bring its examination up to date.

    patient: the record it names, merged or not. issuer: the sender's own, for numbers whose issuer it does not
    say. The same order under another patient is a correction (1.5, path 4): it moves, and its images are looked
    at again. An accession number or study of somebody else's order is not linked. A cancelled order whose images
    or report are visible stays. Such things are told to `trouble`.
    """
    known = _known(step, issuer)
    order = known or Order(patient=patient, issuer=issuer, created_at=clock.now())
    _hold(patient, known)
    studies: list[Study] = []
    if _is_newer(order, "patient", stamp):
        if order.patient_id not in queries.family(patient):
            left, studies = leave(
                order=order, patient=patient, names=names_of_order(order), by=by, quiet=quiet
            )
            trouble(OrderTrouble("order_moved", next(iter(left), None)))
            if "patient" not in order.stated:  # reports alone had spoken of it, for another patient
                _forget(order)
        order.stated["patient"] = _as_row(stamp)
    changed = _update(order, step, stamp, origin)
    _save(order)
    try:
        said = names_of_step(step) if order.patient_id in queries.family(patient) else set()
        settled = None if changed else _settled(order, said)
        examinations = [settled or place(order, said=said, also=studies, by=by, quiet=quiet)]
    except OfAnotherPatient as other:
        trouble(OrderTrouble("accession_of_other_patient", detail=other.reason))
        examinations = []
    if changed:
        record("order.received", by=by, patient_id=order.patient_id, objects=[order, *examinations])
    for examination in examinations:
        if order.state == State.CANCELLED and examination.visible:
            trouble(OrderTrouble("cancelled_but_visible", examination))
    return order


@transaction.atomic
def examination_for(
    *,
    patient: Patient,
    step: ProcedureStep,
    stamp: Stamp,
    issuer: str,
    origin: str,
    by: Actor,
    quiet: bool = False,
    adds_to: str = "",
) -> Examination:
    """The examination that a report's OBR means; made when nobody spoke of it before.

    What the OBR says of its procedure is kept as an order would be, but whose it is only orders say: a report
    never moves one, and an order that comes later may move what the report was filed under. Where only reports
    spoke for the other patient, and their sender has said that he or she was the wrong one, it moves (W).
    adds_to: the filler's number whose report is supplemented; a supplement without an accession number of its
    own belongs to that one's examination, whichever comes first.
    Raises OfAnotherPatient: its number or study stands under somebody else.
    """
    order = _known(step, issuer)
    if order and order.patient_id not in queries.family(patient):
        if "patient" in order.stated or not _was_wrong_patient(order):
            raise OfAnotherPatient("order_of_other_patient", list(order.examinations.all()))
        _hold(patient, order)
        leave(order=order, patient=patient, names=names_of_order(order), by=by, quiet=quiet)
        _forget(order)
    if not has_number(step):
        return _by_study(patient, step, stamp, issuer, by=by, quiet=quiet)
    order = order or Order(patient=patient, issuer=issuer, created_at=clock.now())
    _hold(patient, order)
    changed = _update(order, step, stamp, origin)
    _save(order)
    said = names_of_step(step) | ({Name("filler", adds_to[:128])} if adds_to else set())
    settled = None if changed else _settled(order, said)
    return settled or place(order, said=said, by=by, quiet=quiet)


@transaction.atomic
def place(
    order: Order,
    *,
    said: Collection[Name] = (),
    also: Sequence[Study] = (),
    by: Actor,
    quiet: bool = False,
) -> Examination:
    """Find or make the order's examination, and look again at the studies it may concern.

    said: what an older message called it, which keeps leading here. also: studies to look at in any case.
    Raises OfAnotherPatient.
    """
    names = names_of_order(order)
    mine = queries.family(order.patient)
    examination = _found(order, names, mine)
    matching.add_names(examination, names | set(said))
    order.examinations.add(examination)
    examination = matching.unify(examination, mine, by=by)
    examination = refresh(examination, quiet=quiet)
    look_again(names=names, patient=order.patient, also=also, by=by, quiet=quiet)
    return Examination.objects.get(pk=_still(examination, order).pk)


def _was_wrong_patient(order: Order) -> bool:
    versions = ReportVersion.objects.filter(report__examinations__orders=order).distinct().order_by("number")
    by_report: dict[UUID, list[ReportVersion]] = {}
    for version in versions:
        by_report.setdefault(version.report_id, []).append(version)
    effects = [queries.effect_of(found).current for found in by_report.values()]
    return bool(effects) and all(
        one is not None and one.status == "X" and one.is_wrong_patient for one in effects
    )


def _settled(order: Order, said: set[Name]) -> Examination | None:
    """Where it stands already, when the message brings no new name: most messages say what is known."""
    mine = queries.family(order.patient)
    examination = order.examinations.filter(patient__in=mine).order_by("created_at", "id").first()
    return examination if examination and said <= naming.names_of(examination) else None


def _found(order: Order, names: set[Name], mine: frozenset[UUID]) -> Examination:
    """Where it was before, unless it moved; else by its names."""
    at = order.performed_at or order.scheduled_at or _first_stated(order)
    return (
        order.examinations.filter(patient__in=mine).order_by("created_at", "id").first()
        or matching.find(names, mine)
        or come_back(order, mine)
        or matching.make(order.patient, names, issuer=order.issuer, at=at, said_at=_first_stated(order))
    )


def place_waiting(limit: int, *, by: Actor) -> int:
    """Orders whose number stood under somebody else: tried again when one of the people concerned changed."""
    return TURNS.take(queries.orders_to_place, lambda order: _place_again(order, by), limit=limit)


def _place_again(order: Order, by: Actor) -> bool:
    Order.objects.filter(pk=order.pk).update(updated_at=clock.now())
    try:
        place(order, by=by)
    except OfAnotherPatient:
        return False
    return True


def has_number(step: ProcedureStep) -> bool:
    return any(_value(getattr(step, field)) for field in NUMBERS)


def names_of_order(order: Order) -> set[Name]:
    said = {
        Name("filler", order.filler_number, order.filler_issuer),
        Name("placer", order.placer_number, order.placer_issuer),
        Name("accession", order.accession_number, order.accession_issuer),
        Name("procedure", order.requested_procedure_id),
        Name("study", order.study_instance_uid),
    }
    return {name for name in said if name.value}


def names_of_step(step: ProcedureStep) -> set[Name]:
    """The numbers a message gave, as names."""
    said = {
        Name(field.removesuffix("_number"), _value(number)[:128], _issuer(number)[:128])
        for field in NUMBERS
        for number in [getattr(step, field)]
    }
    return {name for name in said if name.value}


def _still(examination: Examination, order: Order) -> Examination:
    """Looking again may have made one of two."""
    return order.examinations.filter(pk=examination.pk).first() or order.examinations.latest("created_at")


def _by_study(
    patient: Patient, step: ProcedureStep, stamp: Stamp, issuer: str, *, by: Actor, quiet: bool
) -> Examination:
    """Of a report that names a study and no number."""
    if not step.study_instance_uid:
        raise ValueError("neither a number nor a study names the examination")
    names = {Name("study", step.study_instance_uid)}
    mine = queries.family(patient)
    _hold(patient, None)
    found = matching.find(names, mine)
    at = step.performed_at or step.scheduled_at or stamp.at
    examination = found or matching.make(patient, names, issuer=issuer, at=at)
    matching.add_names(examination, names)
    look_again(names=names, patient=patient, by=by, quiet=quiet)
    return refresh(examination, quiet=quiet)


# The row


def _known(step: ProcedureStep, issuer: str) -> Order | None:
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


def _update(order: Order, step: ProcedureStep, stamp: Stamp, origin: str) -> bool:
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
    if _is_newer(order, status, stamp):
        order.stated[status] = _as_row(stamp)
    order.state = _resulting(order)
    changed = before != _values(order)
    if changed:
        order.origin = origin
    return changed


def _forget(order: Order) -> None:
    blank = Order()
    for name in _values(order):
        if name != "patient_id":
            setattr(order, name, getattr(blank, name))
    order.stated = {}


def _put(order: Order, stamp: Stamp, field: str, values: dict[str, Any]) -> None:
    said = {name: value for name, value in values.items() if value not in ("", None)}
    if not said or not _is_newer(order, field, stamp):
        return
    for name, value in values.items():
        setattr(order, name, _kept(name, value))
    order.stated[field] = _as_row(stamp)


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


def _save(order: Order) -> None:
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


def _hold(patient: Patient, order: Order | None) -> None:
    """Two senders of one order come one after the other."""
    people = set(queries.family(patient)) | ({order.patient_id} if order else set())
    list(Patient.objects.select_for_update().filter(pk__in=people).order_by("pk"))


def _value(number: Identifier | None) -> str:
    return "" if number is None or number.value == DELETED else number.value.strip()


def _issuer(number: Identifier | None) -> str:
    return "" if number is None else (number.issuer or number.namespace).strip()


# Stamps


def _as_row(stamp: Stamp) -> list[str]:
    return [stamp.at.isoformat(), stamp.control_id]


def _stamp(row: list[str]) -> Stamp:
    return Stamp(datetime.fromisoformat(row[0]), row[1])


def _is_newer(order: Order, field: str, stamp: Stamp) -> bool:
    return field not in order.stated or stamp > _stamp(order.stated[field])


def _first_stated(order: Order) -> datetime:
    return min(_stamp(row).at for row in order.stated.values())
