"""Making, opening and ending shares."""

from .admitting import admit_guest, leave, touch
from .answering import write_back
from .ending import block, end_over, extend, new_link, new_pin, revoke, unblock
from .noticing import note_bounces, tell_of_openings
from .opening import Wish, open_share, print_slip, share_inside
from .units import close_unit, make_unit, set_members

__all__ = [
    "Wish",
    "admit_guest",
    "block",
    "close_unit",
    "end_over",
    "extend",
    "leave",
    "make_unit",
    "new_link",
    "new_pin",
    "note_bounces",
    "open_share",
    "print_slip",
    "revoke",
    "set_members",
    "share_inside",
    "tell_of_openings",
    "touch",
    "unblock",
    "write_back",
]
