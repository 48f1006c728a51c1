from __future__ import annotations

from .associations import Tally, note_association
from .comparing import Comparison, Difference, compare
from .describing import cannot_be_plain, describe
from .forwarding import (
    ask_forward,
    end_asking,
    end_try,
    is_receiver,
    note_asked,
    note_commitment,
    note_forward,
    note_instance,
    send_again,
    take_due,
    take_unanswered,
    touch,
)
from .peers import add_peer, authorization_of, find_peer, peers, record_refusal, remove_peer
from .previews import drop_handed_in
from .quarantine import dismiss, quarantine
from .rejection import reject_study, revoke_rejection
from .resent import decide_mixed, show_moved
from .settle import keep_open, settle_due, settle_soon
from .store import Outcome, Source, store_instance

__all__ = [
    "Comparison",
    "Difference",
    "Outcome",
    "Source",
    "Tally",
    "add_peer",
    "ask_forward",
    "authorization_of",
    "cannot_be_plain",
    "compare",
    "decide_mixed",
    "describe",
    "dismiss",
    "drop_handed_in",
    "end_asking",
    "end_try",
    "find_peer",
    "is_receiver",
    "keep_open",
    "note_asked",
    "note_association",
    "note_commitment",
    "note_forward",
    "note_instance",
    "peers",
    "quarantine",
    "record_refusal",
    "reject_study",
    "remove_peer",
    "revoke_rejection",
    "send_again",
    "settle_due",
    "settle_soon",
    "show_moved",
    "store_instance",
    "take_due",
    "take_unanswered",
    "touch",
]
