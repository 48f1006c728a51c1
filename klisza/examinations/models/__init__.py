"""Rows of the app, a file per story."""

from klisza.examinations.models.examination import (
    Examination,
    ExaminationDocument,
    ExaminationIdentifier,
    GrantedExamination,
    Images,
    NoticeIntent,
    ReportState,
    State,
)
from klisza.examinations.models.images import EncapsulatedIntake, ExaminationStudy, StudyDecision, StudyIntake
from klisza.examinations.models.order import Appointment, Order
from klisza.examinations.models.report import Breach, Report, ReportDocument, ReportVersion
from klisza.examinations.models.rules import (
    KindRule,
    ProcedureName,
    ReleaseDecision,
    ReleaseRule,
    RuleChange,
    Ward,
)

__all__ = [
    "Appointment",
    "Breach",
    "EncapsulatedIntake",
    "Examination",
    "ExaminationDocument",
    "ExaminationIdentifier",
    "ExaminationStudy",
    "GrantedExamination",
    "Images",
    "KindRule",
    "NoticeIntent",
    "Order",
    "ProcedureName",
    "ReleaseDecision",
    "ReleaseRule",
    "Report",
    "ReportDocument",
    "ReportState",
    "ReportVersion",
    "RuleChange",
    "State",
    "StudyDecision",
    "StudyIntake",
    "Ward",
]
