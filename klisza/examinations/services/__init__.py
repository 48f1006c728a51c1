"""What changes examinations: orders, linking, reports, state, notices, and the record of who looked."""

from .access import note_document, note_export, note_list, note_opened, note_report
from .appointments import file_appointment
from .assigning import assign_study, reject_study, unassign
from .decisions import enter_visit, follow_rules, hold, release, set_visit, visit_done
from .hiding import hide_from_carers
from .hospital_documents import add_hospital_document
from .linking import link_study
from .matching import OfAnotherPatient
from .orders import OrderTrouble, examination_for, file_order
from .preferences import set_preferences
from .procedures import (
    ImportOutcome,
    delete_procedure_name,
    delete_ward,
    import_procedure_names,
    import_wards,
    save_kind_rules,
    save_procedure_name,
    save_ward,
)
from .reports import file_report
from .rules import note_rule_change, save_release_rules
from .state import refresh

__all__ = [
    "ImportOutcome",
    "OfAnotherPatient",
    "OrderTrouble",
    "add_hospital_document",
    "assign_study",
    "delete_procedure_name",
    "delete_ward",
    "enter_visit",
    "examination_for",
    "file_appointment",
    "file_order",
    "file_report",
    "follow_rules",
    "hide_from_carers",
    "hold",
    "import_procedure_names",
    "import_wards",
    "link_study",
    "note_document",
    "note_export",
    "note_list",
    "note_opened",
    "note_report",
    "note_rule_change",
    "refresh",
    "reject_study",
    "release",
    "save_kind_rules",
    "save_procedure_name",
    "save_release_rules",
    "save_ward",
    "set_preferences",
    "set_visit",
    "unassign",
    "visit_done",
]
