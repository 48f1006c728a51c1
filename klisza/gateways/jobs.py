"""What the worker does for the doors: it stands in for a dead HL7 listener, delivers what was held, forwards images."""

from __future__ import annotations

from klisza.archive import queries as archive
from klisza.archive import services as forwarding
from klisza.gateways import stow
from klisza.gateways.dicom import sender
from klisza.gateways.hl7v2 import applier, holding


def run_applier() -> int:
    """Apply waiting messages while no listener does."""
    return applier.apply_orphans(most_seconds=20)


def run_held() -> int:
    """Messages whose patient has become known go back into the queue."""
    return holding.release_known()


def run_forward() -> int:
    """One forward that is due, to whoever it is for."""
    forward = forwarding.take_due()
    if forward is None:
        return 0
    peer = archive.peer_named(forward.peer_name)
    if peer is None or not forwarding.is_receiver(peer):
        forwarding.end_try(forward=forward, reason="the peer is not on the list any more")
    else:
        (stow if peer.stow_url else sender).send(forward, peer)
    return 1


def run_commitment() -> int:
    """One whose peer has not said whether it keeps what it took: it is asked again."""
    forward = forwarding.take_unanswered()
    if forward is None:
        return 0
    peer = archive.peer_named(forward.peer_name)
    if peer is None or not peer.port:
        forwarding.end_asking(forward=forward, reason="the peer is not on the list any more")
    else:
        sender.ask_again(forward, peer)
    return 1


PERIODIC = ((1.0, run_applier), (5.0, run_held), (2.0, run_forward), (10.0, run_commitment))
