"""ORM^O01, OMI^O23, OMG^O19: planned, changed, performed and withdrawn examinations (2.4)."""

from __future__ import annotations

from klisza.examinations.services.order_rows import has_number
from klisza.examinations.services.orders import OrderTrouble, file_order
from klisza.gateways.hl7v2.context import Context
from klisza.standards.hl7v2.facts import Order

from .whose import patient_of


def apply(content: Order, context: Context) -> None:
    """Idempotent, and the same in every order of arrival. Raises Held."""
    patient = patient_of(content.person, context)

    def trouble(one: OrderTrouble) -> None:
        context.work(one.kind, patient=patient, examination=one.examination, detail=one.detail)

    for step in content.steps:
        if not has_number(step):
            context.warn("an order without placer, filler and accession number was left out")
            continue
        file_order(
            patient=patient,
            step=step,
            stamp=content.stamp,
            issuer=context.default_issuer,
            origin=context.origin,
            by=context.by,
            quiet=context.quiet,
            trouble=trouble,
        )
