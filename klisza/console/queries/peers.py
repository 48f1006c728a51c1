"""Who may send, and when each was heard of last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from klisza.archive.models import Instance, Peer
from klisza.base.errors import NotFound
from klisza.gateways.models import Hl7Peer, InboundMessage

NEWEST_INSTANCES = 5000


@dataclass(frozen=True)
class Sender:
    """heard_at: when its last message came; None = never."""

    peer: Hl7Peer
    heard_at: datetime | None


@dataclass(frozen=True)
class Device:
    """can_echo: one address and a port, not a network."""

    peer: Peer
    heard_at: datetime | None
    can_echo: bool


def devices() -> list[Device]:
    heard = _newest_images()
    return [
        Device(peer, heard.get(peer.name), bool(peer.port) and "/" not in peer.address)
        for peer in Peer.objects.order_by("name")
    ]


def _newest_images() -> dict[str, datetime]:
    """Of each source among the newest instances: ids sort by time, the table may hold many millions."""
    newest = Instance.objects.order_by("-pk").values_list("source", "received_at")[:NEWEST_INSTANCES]
    heard: dict[str, datetime] = {}
    for source, at in newest:
        heard.setdefault(source, at)
    return heard


def senders() -> list[Sender]:
    return [Sender(peer, _last_message(peer)) for peer in Hl7Peer.objects.order_by("name")]


def _last_message(peer: Hl7Peer) -> datetime | None:
    newest = InboundMessage.objects.filter(peer=peer).order_by("-pk")
    return newest.values_list("received_at", flat=True).first()


def sender(pk: int) -> Hl7Peer:
    """Raises NotFound."""
    found = Hl7Peer.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def device(pk: int) -> Peer:
    """Raises NotFound."""
    found = Peer.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found
