"""Series of an examination as far as a viewer may see them."""

from __future__ import annotations

from klisza.archive import queries as archive
from klisza.archive.queries import SeriesCard
from klisza.examinations.models import Examination
from klisza.patients.viewer import Viewer

from .gate import study_ids
from .reports import report_objects_open


def series_for(viewer: Viewer, examination: Examination) -> list[SeriesCard]:
    """In display order; of a share only what was shared. The examination comes from `visible`."""
    cards = archive.series_of(study_ids(examination), with_reports=report_objects_open(examination))
    shared = viewer.share
    return cards if shared is None else [card for card in cards if card.id in shared.series_ids]
