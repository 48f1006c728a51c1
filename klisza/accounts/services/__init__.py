"""What can be done with accounts, one file per story."""

from __future__ import annotations

from . import contact
from .alarms import watch as watch_alarms
from .change import change_password, set_own_password
from .clause import accept_clause
from .clients import create_client, revoke_client
from .closing import ask_to_close, close_asked, take_back
from .codes import enter_code, send_code
from .factors.confirming import begin_confirmation
from .factors.keeping import decline_offer, remove_factor, reset_factors
from .factors.passkeys import add_passkey, begin_adding, begin_proving, enter_passkey, prove_passkey
from .factors.recovery import enter_recovery_code, make_recovery_codes
from .factors.totp import begin_app, confirm_app, enter_totp
from .known import remember_device
from .language import choose_language
from .locking import end_sessions, lock, lock_overdue, unlock
from .login import abandon, begin, enter_password, finish, send_first_code
from .oidc.directory import enter_staff
from .oidc.entering import go_without_password
from .provision import Draft, create_account, draft, move_new_account, reissue, set_password_words
from .reset import answer_requests, ask_for_names, ask_for_reset, start_reset
from .revocation import revoke
from .sessions import end_one as end_session
from .sessions import end_others as end_other_sessions
from .sessions import touch as touch_session
from .staff import ROLES, close_staff, create_staff, renew_staff_password
from .suspending import (
    DIED,
    GUARDIAN,
    HOSPITAL,
    PUT_ASIDE,
    begin_anew,
    close_for,
    give_back,
    said_alive,
    suspend,
)
from .sweep import sweep
from .unlocking import finish_unlock, start_unlock

__all__ = [
    "DIED",
    "GUARDIAN",
    "HOSPITAL",
    "PUT_ASIDE",
    "ROLES",
    "Draft",
    "abandon",
    "accept_clause",
    "add_passkey",
    "answer_requests",
    "ask_for_names",
    "ask_for_reset",
    "ask_to_close",
    "begin",
    "begin_adding",
    "begin_anew",
    "begin_app",
    "begin_confirmation",
    "begin_proving",
    "change_password",
    "choose_language",
    "close_asked",
    "close_for",
    "close_staff",
    "confirm_app",
    "contact",
    "create_account",
    "create_client",
    "create_staff",
    "decline_offer",
    "draft",
    "end_other_sessions",
    "end_session",
    "end_sessions",
    "enter_code",
    "enter_passkey",
    "enter_password",
    "enter_recovery_code",
    "enter_staff",
    "enter_totp",
    "finish",
    "finish_unlock",
    "give_back",
    "go_without_password",
    "lock",
    "lock_overdue",
    "make_recovery_codes",
    "move_new_account",
    "prove_passkey",
    "reissue",
    "remember_device",
    "remove_factor",
    "renew_staff_password",
    "reset_factors",
    "revoke",
    "revoke_client",
    "said_alive",
    "send_code",
    "send_first_code",
    "set_own_password",
    "set_password_words",
    "start_reset",
    "start_unlock",
    "suspend",
    "sweep",
    "take_back",
    "touch_session",
    "unlock",
    "watch_alarms",
]
