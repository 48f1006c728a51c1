from __future__ import annotations

from .associations import Tally, note_association
from .comparing import Comparison, Difference, compare
from .describing import cannot_be_plain, describe
from .peers import add_peer, find_peer, peers, record_refusal, remove_peer
from .quarantine import dismiss, quarantine
from .rejection import reject_study, revoke_rejection
from .resent import decide_mixed, show_moved
from .settle import keep_open, settle_due
from .store import Outcome, Source, store_instance

__all__ = [
    "Comparison",
    "Difference",
    "Outcome",
    "Source",
    "Tally",
    "add_peer",
    "cannot_be_plain",
    "compare",
    "decide_mixed",
    "describe",
    "dismiss",
    "find_peer",
    "keep_open",
    "note_association",
    "peers",
    "quarantine",
    "record_refusal",
    "reject_study",
    "remove_peer",
    "revoke_rejection",
    "settle_due",
    "show_moved",
    "store_instance",
]
