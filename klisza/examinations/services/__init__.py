"""What changes examinations: linking, reports, state, notices, and the record of who looked."""

from .access import note_document, note_export, note_list, note_opened, note_report
from .linking import link_study
from .reports import file_report
from .state import refresh

__all__ = [
    "file_report",
    "link_study",
    "note_document",
    "note_export",
    "note_list",
    "note_opened",
    "note_report",
    "refresh",
]
