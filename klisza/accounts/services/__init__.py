"""What can be done with accounts, one file per story."""

from __future__ import annotations

from .change import change_password, set_own_password
from .clause import accept_clause
from .clients import create_client, revoke_client
from .codes import enter_code, send_code
from .language import choose_language
from .locking import end_sessions, lock, lock_overdue, unlock
from .login import abandon, begin, enter_password, finish, send_first_code
from .provision import Draft, create_account, draft, move_new_account, reissue, set_password_words
from .reset import answer_requests, ask_for_names, ask_for_reset, start_reset
from .revocation import revoke
from .staff import ROLES, create_staff, renew_staff_password
from .suspending import HOSPITAL, close_for, give_back, suspend
from .sweep import sweep

__all__ = [
    "HOSPITAL",
    "ROLES",
    "Draft",
    "abandon",
    "accept_clause",
    "answer_requests",
    "ask_for_names",
    "ask_for_reset",
    "begin",
    "change_password",
    "choose_language",
    "close_for",
    "create_account",
    "create_client",
    "create_staff",
    "draft",
    "end_sessions",
    "enter_code",
    "enter_password",
    "finish",
    "give_back",
    "lock",
    "lock_overdue",
    "move_new_account",
    "reissue",
    "renew_staff_password",
    "revoke",
    "revoke_client",
    "send_code",
    "send_first_code",
    "set_own_password",
    "set_password_words",
    "start_reset",
    "suspend",
    "sweep",
    "unlock",
]
