"""Reading examinations. `visible` is THE gate: nothing patient-visible is reached past it."""

from .gate import PURPOSES, get_visible, open_now, study_ids, visible
from .reports import ListedReport, ShownReport, in_effect, reports_of, shown_report, shown_reports
from .work import (
    ENCAPSULATED_PDF,
    encapsulated_of,
    family,
    intakes_with_documents,
    is_left,
    linked_examination,
    owner_of,
    studies_of_corrected,
    studies_to_link,
    studies_to_link_early,
    studies_to_try_again,
)

__all__ = [
    "ENCAPSULATED_PDF",
    "PURPOSES",
    "ListedReport",
    "ShownReport",
    "encapsulated_of",
    "family",
    "get_visible",
    "in_effect",
    "intakes_with_documents",
    "is_left",
    "linked_examination",
    "open_now",
    "owner_of",
    "reports_of",
    "shown_report",
    "shown_reports",
    "studies_of_corrected",
    "studies_to_link",
    "studies_to_link_early",
    "studies_to_try_again",
    "study_ids",
    "visible",
]
