"""Orders: what a RIS or HIS said last of each requested procedure, and the examinations they lead to.

ORM, OMI and OMG are filed here, and what the OBR of a report says of its procedure as well. What goes into the
row is in order_rows.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

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
from klisza.standards.hl7v2.facts import ProcedureStep, Stamp

from . import matching
from . import order_rows as rows
from .matching import OfAnotherPatient
from .moving import come_back, leave
from .relinking import look_again
from .state import refresh

TURNS = Turns("waiting_orders")


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
    known = rows.known(step, issuer)
    order = known or Order(patient=patient, issuer=issuer, created_at=clock.now())
    _hold(patient, known)
    studies: list[Study] = []
    if rows.is_newer(order, "patient", stamp):
        if order.patient_id not in queries.family(patient):
            left, studies = leave(
                order=order, patient=patient, names=rows.names_of(order), by=by, quiet=quiet
            )
            trouble(OrderTrouble("order_moved", next(iter(left), None)))
            if "patient" not in order.stated:  # reports alone had spoken of it, for another patient
                rows.forget(order)
        order.stated["patient"] = rows.as_row(stamp)
    changed = rows.update(order, step, stamp, origin)
    rows.save(order)
    try:
        said = rows.names_in(step) if order.patient_id in queries.family(patient) else set()
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
    order = rows.known(step, issuer)
    if order and order.patient_id not in queries.family(patient):
        if "patient" in order.stated or not _was_wrong_patient(order):
            raise OfAnotherPatient("order_of_other_patient", list(order.examinations.all()))
        _hold(patient, order)
        leave(order=order, patient=patient, names=rows.names_of(order), by=by, quiet=quiet)
        rows.forget(order)
    if not rows.has_number(step):
        return _by_study(patient, step, stamp, issuer, by=by, quiet=quiet)
    order = order or Order(patient=patient, issuer=issuer, created_at=clock.now())
    _hold(patient, order)
    changed = rows.update(order, step, stamp, origin)
    rows.save(order)
    said = rows.names_in(step) | ({Name("filler", adds_to[:128])} if adds_to else set())
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
    names = rows.names_of(order)
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
    at = order.performed_at or order.scheduled_at or rows.first_stated(order)
    return (
        order.examinations.filter(patient__in=mine).order_by("created_at", "id").first()
        or matching.find(names, mine)
        or come_back(order, mine)
        or matching.make(order.patient, names, issuer=order.issuer, at=at, said_at=rows.first_stated(order))
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


def _hold(patient: Patient, order: Order | None) -> None:
    """Two senders of one order come one after the other."""
    people = set(queries.family(patient)) | ({order.patient_id} if order else set())
    list(Patient.objects.select_for_update().filter(pk__in=people).order_by("pk"))
