"""What can be done with patients, one file per story."""

from __future__ import annotations

from .account import provide_account, settle_account, settle_contact_tasks, why_no_account
from .changes import before_moves, change_identifier, move_identifiers, note_move, shell, undo_move
from .closing import close_asked, close_due
from .contact import enter_contact
from .grants import end as end_grant
from .grants import end_over, give_at_desk, offer, take_up
from .grown import enter_own_contact, suspend_grown_up
from .guardians import decide_guardian, propose_guardian
from .identifiers import Joined, confirm_alias, learn
from .invitations import invite_due, settle_grown_up, start_wave, stop_wave
from .merge import Circle, Elsewhere, link, merge, undo_merge, unlink
from .proven import enter_by_identity
from .refused import note_refused_numbers
from .restriction import lift_restriction
from .tasks import finish_task, open_task
from .upsert import upsert_patient, upsert_person

__all__ = [
    "Circle",
    "Elsewhere",
    "Joined",
    "before_moves",
    "change_identifier",
    "close_asked",
    "close_due",
    "confirm_alias",
    "decide_guardian",
    "end_grant",
    "end_over",
    "enter_by_identity",
    "enter_contact",
    "enter_own_contact",
    "finish_task",
    "give_at_desk",
    "invite_due",
    "learn",
    "lift_restriction",
    "link",
    "merge",
    "move_identifiers",
    "note_move",
    "note_refused_numbers",
    "offer",
    "open_task",
    "propose_guardian",
    "provide_account",
    "settle_account",
    "settle_contact_tasks",
    "settle_grown_up",
    "shell",
    "start_wave",
    "stop_wave",
    "suspend_grown_up",
    "take_up",
    "undo_merge",
    "undo_move",
    "unlink",
    "upsert_patient",
    "upsert_person",
    "why_no_account",
]
