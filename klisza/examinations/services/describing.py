"""What an examination is called, when and where it was, and whether its kind is shown."""

from __future__ import annotations

from datetime import datetime, time

from klisza.archive.models import Series, Study
from klisza.base import clock
from klisza.examinations import kinds
from klisza.examinations.models import Examination, ReportVersion

FIRST_YEAR = 1900  # an earlier date is a clock that was never set


def describe(
    examination: Examination,
    studies: list[Study],
    series: list[Series],
    current: list[ReportVersion | None],
) -> None:
    """Kind, date and place as the studies say; without studies, as the reports did."""
    titles = [version.document.title for version in current if version and version.document]
    words = "\n".join(sorted({study.study_description for study in studies} | set(titles)))
    if series or words:
        kind = kinds.for_modalities((row.modality for row in series), words)
        examination.kind, examination.shown_kind = kind.code, kind.shown
    moments = [performed_at(study) for study in studies]
    examination.performed_at = min(moments, default=examination.performed_at)
    places = [study.institution_name for study in studies if study.institution_name]
    examination.place = min(places, default=examination.place)


def performed_at(study: Study) -> datetime:
    """StudyDate and StudyTime as the hospital's clock showed them.

    When it was received, if there is no date.
    """
    if study.study_date is None or study.study_date.year < FIRST_YEAR:
        return study.received_at
    return datetime.combine(study.study_date, study.study_time or time.min, clock.local_zone())
