"""Pages of examinations, of their reports, and "My documents"."""

from .detail import detail
from .documents import document_file, document_list
from .listing import examination_list
from .report import report, report_file, report_page

__all__ = [
    "detail",
    "document_file",
    "document_list",
    "examination_list",
    "report",
    "report_file",
    "report_page",
]
