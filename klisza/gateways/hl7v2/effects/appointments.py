"""SIU^S12-S15, S17, S26: visits after which a result may be discussed (N10)."""

from __future__ import annotations

from klisza.examinations.services.appointments import file_appointment
from klisza.gateways.hl7v2.context import Context
from klisza.standards.hl7v2.facts import Appointment

from .whose import patient_of


def apply(content: Appointment, context: Context) -> None:
    """Idempotent, and the same in every order of arrival. Raises Held."""
    patient = patient_of(content.person, context)
    if not (content.filler_number or content.placer_number):
        context.warn("an appointment without a number was left out")
        return
    file_appointment(
        patient=patient,
        appointment=content,
        issuer=context.default_issuer,
        origin=context.origin,
        by=context.by,
        quiet=context.quiet,
    )
