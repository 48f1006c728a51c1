"""What changes examinations: linking, reports, state, notices, and the record of who looked."""

from .access import note_document, note_export, note_list, note_opened, note_report
from .decisions import enter_visit, follow_rules, hold, release, set_visit, visit_done
from .linking import link_study
from .preferences import set_preferences
from .reports import file_report
from .rules import note_rule_change, save_release_rules
from .state import refresh

__all__ = [
    "enter_visit",
    "file_report",
    "follow_rules",
    "hold",
    "link_study",
    "note_document",
    "note_export",
    "note_list",
    "note_opened",
    "note_report",
    "note_rule_change",
    "refresh",
    "release",
    "save_release_rules",
    "set_preferences",
    "set_visit",
    "visit_done",
]
