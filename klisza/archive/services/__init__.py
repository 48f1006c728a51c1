from __future__ import annotations

from .peers import add_peer, find_peer, peers, record_refusal, remove_peer
from .quarantine import quarantine
from .settle import settle_due
from .store import Outcome, Source, store_instance

__all__ = [
    "Outcome",
    "Source",
    "add_peer",
    "find_peer",
    "peers",
    "quarantine",
    "record_refusal",
    "remove_peer",
    "settle_due",
    "store_instance",
]
