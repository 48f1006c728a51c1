"""An order said for another patient than before: correction path 4 (hospital-integration.md 1.5)."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from klisza.archive.models import Study
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.examinations.models import Examination, ExaminationStudy, Order
from klisza.examinations.queries import names as naming
from klisza.examinations.queries.names import Name
from klisza.patients.models import Patient

from . import matching
from .corrections import note_breach
from .state import refresh

HIDDEN = "order_moved"


def leave(
    *, order: Order, patient: Patient, names: Collection[Name], by: Actor, quiet: bool
) -> tuple[list[Examination], list[Study]]:
    """Take the order away from the examinations it stood for; what is left of them is hidden at once.

    Images and reports that came under the former patient's name stay there, unseen: the DICOM patient key of
    the images decides anew, reports are for staff. Returns the examinations left and their studies, to be
    looked at again once the order has its new place.
    """
    left = list(order.examinations.all())
    links = ExaminationStudy.objects.filter(examination__in=left)
    studies = list(Study.objects.filter(pk__in=links.values("study")))
    order.patient = patient
    for examination in left:
        if examination.visible:
            note_breach(examination=examination, cause=HIDDEN, by=by)
        order.examinations.remove(examination)
        matching.remove_names(examination, _own(examination, names))
        if not examination.orders.exists():
            matching.add_names(examination, [_mark(order)])
            examination.hidden_reason = HIDDEN
            examination.save(update_fields=["hidden_reason"])
        refresh(examination, quiet=quiet)
        record("order.moved", by=by, patient_id=examination.patient_id, objects=[order, examination])
    return left, studies


def come_back(order: Order, mine: Collection[UUID]) -> Examination | None:
    """The order was moved by mistake and is said for its former patient again."""
    left = (one for one in naming.holders(_mark(order)) if one.patient_id in mine)
    examination = next((one for one in left if _mark(order) in naming.names_of(one)), None)
    if examination is None:
        return None
    matching.remove_names(examination, [_mark(order)])
    if examination.hidden_reason == HIDDEN:
        examination.hidden_reason = ""
        examination.save(update_fields=["hidden_reason"])
    return examination


def _mark(order: Order) -> Name:
    """By its numbers, not its row: a replay makes the row anew."""
    return Name("left_by", order.key[:128], order.issuer)


def _own(examination: Examination, names: Collection[Name]) -> list[Name]:
    """Names that no other order of the same examination bears."""
    kept = {
        value
        for order in examination.orders.all()
        for value in (
            order.filler_number,
            order.placer_number,
            order.accession_number,
            order.requested_procedure_id,
            order.study_instance_uid,
        )
    }
    return [name for name in names if name.value not in kept]
