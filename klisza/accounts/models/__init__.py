"""Rows of the app, a file per story."""

from klisza.accounts.models.brakes import Alarm, Bucket, Revocation, TextHour
from klisza.accounts.models.changes import ClosingRequest, ContactChange, Reset, ResetRequest
from klisza.accounts.models.clause import ClauseAcceptance, ClauseText
from klisza.accounts.models.entry import Code, KnownDevice, Login, Session
from klisza.accounts.models.factors import Challenge, Factor, RecoveryCode
from klisza.accounts.models.people import Account, Handover, Identity, MachineClient, StaffRole

__all__ = [
    "Account",
    "Alarm",
    "Bucket",
    "Challenge",
    "ClauseAcceptance",
    "ClauseText",
    "ClosingRequest",
    "Code",
    "ContactChange",
    "Factor",
    "Handover",
    "Identity",
    "KnownDevice",
    "Login",
    "MachineClient",
    "RecoveryCode",
    "Reset",
    "ResetRequest",
    "Revocation",
    "Session",
    "StaffRole",
    "TextHour",
]
