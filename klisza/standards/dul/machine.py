"""The state machine of PS3.8 9.2 for the side that is called: table 9-10 without the states of a requestor.

A cell that is not in the table is an event that cannot happen in that state.
"""

from __future__ import annotations

from enum import Enum


class State(Enum):
    IDLE = "Sta1"
    AWAITING_REQUEST = "Sta2"
    AWAITING_RESPONSE = "Sta3"  # of the local user: accept or reject
    ESTABLISHED = "Sta6"
    AWAITING_RELEASE_RESPONSE = "Sta8"  # of the local user
    AWAITING_CLOSE = "Sta13"


class Event(Enum):
    ASSOCIATE_AC = "Evt3"
    ASSOCIATE_RJ = "Evt4"
    CONNECTED = "Evt5"
    ASSOCIATE_RQ = "Evt6"
    ACCEPT = "Evt7"  # local user
    REJECT = "Evt8"  # local user
    SEND_DATA = "Evt9"  # local user
    P_DATA = "Evt10"
    RELEASE_RQ = "Evt12"
    RELEASE_RP = "Evt13"
    RELEASE = "Evt14"  # local user answers
    ABORT = "Evt15"  # local user
    ABORTED = "Evt16"
    CLOSED = "Evt17"
    TIMED_OUT = "Evt18"  # ARTIM
    INVALID = "Evt19"


class Action(Enum):
    """What is done, by its name in tables 9-6 to 9-9."""

    AWAIT_REQUEST = "AE-5"
    LOOK_AT_REQUEST = "AE-6"
    SEND_ACCEPT = "AE-7"
    SEND_REJECT = "AE-8"
    SEND_DATA = "DT-1"
    TAKE_DATA = "DT-2"
    TAKE_RELEASE = "AR-2"
    SEND_RELEASE = "AR-4"
    END = "AR-5"
    SEND_LATE_DATA = "AR-7"
    SEND_ABORT = "AA-1"
    CLOSE = "AA-2"
    CLOSE_ABORTED = "AA-3"
    NOTE_LOSS = "AA-4"
    STOP_WAITING = "AA-5"
    IGNORE = "AA-6"
    ABORT_AGAIN = "AA-7"
    PROVIDER_ABORT = "AA-8"


NEXT = {
    Action.AWAIT_REQUEST: State.AWAITING_REQUEST,
    Action.LOOK_AT_REQUEST: State.AWAITING_RESPONSE,
    Action.SEND_ACCEPT: State.ESTABLISHED,
    Action.SEND_REJECT: State.AWAITING_CLOSE,
    Action.SEND_DATA: State.ESTABLISHED,
    Action.TAKE_DATA: State.ESTABLISHED,
    Action.TAKE_RELEASE: State.AWAITING_RELEASE_RESPONSE,
    Action.SEND_RELEASE: State.AWAITING_CLOSE,
    Action.END: State.IDLE,
    Action.SEND_LATE_DATA: State.AWAITING_RELEASE_RESPONSE,
    Action.SEND_ABORT: State.AWAITING_CLOSE,
    Action.CLOSE: State.IDLE,
    Action.CLOSE_ABORTED: State.IDLE,
    Action.NOTE_LOSS: State.IDLE,
    Action.STOP_WAITING: State.IDLE,
    Action.IGNORE: State.AWAITING_CLOSE,
    Action.ABORT_AGAIN: State.AWAITING_CLOSE,
    Action.PROVIDER_ABORT: State.AWAITING_CLOSE,
}

_COLUMNS = (
    State.AWAITING_REQUEST,
    State.AWAITING_RESPONSE,
    State.ESTABLISHED,
    State.AWAITING_RELEASE_RESPONSE,
    State.AWAITING_CLOSE,
)
_ROWS = {
    #                     Sta2    Sta3    Sta6    Sta8    Sta13
    Event.ASSOCIATE_AC: ("AA-1", "AA-8", "AA-8", "AA-8", "AA-6"),
    Event.ASSOCIATE_RJ: ("AA-1", "AA-8", "AA-8", "AA-8", "AA-6"),
    Event.ASSOCIATE_RQ: ("AE-6", "AA-8", "AA-8", "AA-8", "AA-7"),
    Event.ACCEPT:       ("",     "AE-7", "",     "",     ""),
    Event.REJECT:       ("",     "AE-8", "",     "",     ""),
    Event.SEND_DATA:    ("",     "",     "DT-1", "AR-7", ""),
    Event.P_DATA:       ("AA-1", "AA-8", "DT-2", "AA-8", "AA-6"),
    Event.RELEASE_RQ:   ("AA-1", "AA-8", "AR-2", "AA-8", "AA-6"),
    Event.RELEASE_RP:   ("AA-1", "AA-8", "AA-8", "AA-8", "AA-6"),
    Event.RELEASE:      ("",     "",     "",     "AR-4", ""),
    Event.ABORT:        ("",     "AA-1", "AA-1", "AA-1", ""),
    Event.ABORTED:      ("AA-2", "AA-3", "AA-3", "AA-3", "AA-2"),
    Event.CLOSED:       ("AA-5", "AA-4", "AA-4", "AA-4", "AR-5"),
    Event.TIMED_OUT:    ("AA-2", "",     "",     "",     "AA-2"),
    Event.INVALID:      ("AA-1", "AA-8", "AA-8", "AA-8", "AA-7"),
}  # fmt: skip

TABLE: dict[tuple[Event, State], Action] = {
    (event, state): Action(name)
    for event, row in _ROWS.items()
    for state, name in zip(_COLUMNS, row, strict=True)
    if name
} | {(Event.CONNECTED, State.IDLE): Action.AWAIT_REQUEST}
