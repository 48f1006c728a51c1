"""Where an unmatched study might belong: shown to staff, never linked by itself (1.5)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from klisza.archive.models import Series, Study
from klisza.base import clock
from klisza.examinations import kinds
from klisza.examinations.models import Examination, Order
from klisza.patients.models import Patient

from .work import family, owner_of

PROPOSALS_MOST = 20


def proposals(study: Study, *, patient: Patient | None = None) -> list[Examination]:
    """Examinations of the study's patient, of its modality and day, that it is not linked to.

    patient: whom staff have in mind, when the study's own key leads to nobody.
    """
    owner = patient or owner_of(study.issuer, study.patient_id)
    if owner is None or study.study_date is None:
        return []
    start = datetime.combine(study.study_date, time.min, clock.local_zone())
    same_day = Examination.objects.filter(
        patient__in=family(owner), performed_at__gte=start, performed_at__lt=start + timedelta(days=1)
    ).exclude(study_links__study=study)
    found = same_day.order_by("performed_at", "id")[:PROPOSALS_MOST]
    return [examination for examination in found if _is_alike(examination, study)]


def _is_alike(examination: Examination, study: Study) -> bool:
    named = {
        modality.upper() for modality in Series.objects.filter(study=study).values_list("modality", flat=True)
    }
    ordered = {
        modality.upper()
        for modality in Order.objects.filter(examinations=examination).values_list("modality", flat=True)
    }
    return bool(named & ordered) or kinds.for_modalities(named).code == examination.kind
