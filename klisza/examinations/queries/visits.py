"""The hospital's calendar: at which visit a result can be discussed."""

from __future__ import annotations

from django.db.models import Q

from klisza.examinations.models import Appointment, Examination

from .work import family


def next_visit(examination: Examination) -> Appointment | None:
    """The first booked appointment of this person that begins after the examination was performed.

    In the ward that ordered it, where it is known and the appointment names one; else in any.
    """
    mine = Appointment.objects.filter(
        patient__in=family(examination.patient),
        state="booked",
        starts_at__gt=examination.performed_at,
    )
    if examination.ward_code:
        mine = mine.filter(Q(ward_code=examination.ward_code) | Q(ward_code=""))
    return mine.order_by("starts_at", "key").first()
