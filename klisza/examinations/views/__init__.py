"""Pages of examinations, of their reports, and "My documents"."""

from .carers import carer_end, carer_hide, carer_list, carer_new
from .detail import detail
from .documents import document, document_file, document_list, document_page
from .listing import examination_list
from .preferences import preferences, visit
from .report import report, report_file, report_page

__all__ = [
    "carer_end",
    "carer_hide",
    "carer_list",
    "carer_new",
    "detail",
    "document",
    "document_file",
    "document_list",
    "document_page",
    "examination_list",
    "preferences",
    "report",
    "report_file",
    "report_page",
    "visit",
]
