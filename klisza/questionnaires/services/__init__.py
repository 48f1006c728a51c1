"""Asking, answering, handing over."""

from .answers import Change, Outcome, add_instance, remember_page, remove_instance, save
from .attachments import attach, detach, file_of
from .chasing import remind, settle_files
from .completion import complete
from .preparing import prepare, want_pdf
from .requests import ask, expire_over, start_standing, withdraw

__all__ = [
    "Change",
    "Outcome",
    "add_instance",
    "ask",
    "attach",
    "complete",
    "detach",
    "expire_over",
    "file_of",
    "prepare",
    "remember_page",
    "remind",
    "remove_instance",
    "save",
    "settle_files",
    "start_standing",
    "want_pdf",
    "withdraw",
]
