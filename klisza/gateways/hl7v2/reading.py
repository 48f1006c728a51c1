"""From the bytes of one message to what it says, under the settings of its sender."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from klisza.base import clock
from klisza.gateways.models import Hl7Peer
from klisza.standards.hl7v2 import facts
from klisza.standards.hl7v2.errors import Refusal
from klisza.standards.hl7v2.message import Envelope, Message, Unwrapped, envelope, parse
from klisza.standards.hl7v2.read import read

UNSUPPORTED = ("200", "201")  # HL70357: message type, event


def opened(raw: bytes | Unwrapped, peer: Hl7Peer | None) -> Envelope:
    """MSH of whatever came; never fails."""
    return envelope(raw, charset=_charset(peer), default_charset=settings.HL7_CHARSET)


def parsed(raw: bytes | Unwrapped, peer: Hl7Peer | None) -> Message:
    """Raises Refusal."""
    return parse(raw, charset=_charset(peer), default_charset=settings.HL7_CHARSET)


def understood(message: Message, received_at: datetime) -> facts.Read | None:
    """received_at: stands in for a missing MSH-7. Raises Refusal.

    None: of a type the portal has no use for, at a site that wants such messages accepted.
    """
    try:
        return read(message, zone=clock.local_zone(), received_at=received_at)
    except Refusal as refusal:
        if settings.HL7_IGNORE_UNKNOWN and refusal.code in UNSUPPORTED:
            return None
        raise


def _charset(peer: Hl7Peer | None) -> str:
    return peer.charset if peer else ""
