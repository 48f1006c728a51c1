"""Who may send HL7 v2, and a record of who was turned away."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused
from klisza.gateways.errors import NoSuchSender, SenderExists
from klisza.gateways.models import Hl7Peer, RefusedConnection

# A stranger who tries in a loop must not fill the tables.
REFUSALS_PER_MINUTE = 10
MOST_FRAME_MB = 1024


@transaction.atomic
def add_sender(
    *,
    name: str,
    address: str,
    by: Actor,
    certificate_name: str = "",
    application: str = "",
    facility: str = "",
    charset: str = "",
    issuer: str = "",
    frame_mb: int | None = None,
    quiet: bool = False,
) -> Hl7Peer:
    """Allow messages from `address` (one address or a network in CIDR form), see models.Hl7Peer.

    frame_mb: None = KLISZA_HL7_FRAME_MB. Raises SenderExists, Refused (malformed address, charset, size).
    """
    try:
        network = ipaddress.ip_network(address, strict=False)
    except ValueError:
        raise Refused("the address must be one address or a network such as 10.1.2.0/24") from None
    if charset and charset not in settings.HL7_CHARSETS:
        raise Refused(f"the charset must be one of {', '.join(settings.HL7_CHARSETS)}")
    frame_mb = settings.HL7_FRAME_MB if frame_mb is None else frame_mb
    if not 1 <= frame_mb <= MOST_FRAME_MB:
        raise Refused(f"the frame must be 1 to {MOST_FRAME_MB} MB")
    try:
        with transaction.atomic():
            peer = Hl7Peer.objects.create(
                name=name, address=_shortest(network), certificate_name=certificate_name,
                sending_application=application, sending_facility=facility, charset=charset, issuer=issuer,
                frame_mb=frame_mb, is_quiet=quiet, created_at=clock.now(),
            )  # fmt: skip
    except IntegrityError:
        raise SenderExists("there is an HL7 sender of this name already") from None
    record("peer.added", by=by, objects=[peer])
    return peer


@transaction.atomic
def remove_sender(*, name: str, by: Actor) -> None:
    """Its messages stay. Raises NoSuchSender."""
    peer = Hl7Peer.objects.filter(name=name).first()
    if peer is None:
        raise NoSuchSender("there is no HL7 sender of this name")
    record("peer.removed", by=by, objects=[peer])
    peer.delete()


@transaction.atomic
def record_refusal(*, address: str, reason: str, peer_name: str = "") -> None:
    """One row for the integration engineer, one for the audit; a storm leaves only the first few."""
    moment = clock.now()
    recent = RefusedConnection.objects.filter(address=address, at__gt=moment - timedelta(minutes=1))
    if recent.count() >= REFUSALS_PER_MINUTE:
        return
    row = RefusedConnection.objects.create(at=moment, peer_name=peer_name, address=address, reason=reason)
    record(
        "connection.refused",
        by=Actor("machine", source_ip=address),
        objects=[row],
        outcome="refused",
        reason=reason,
    )


def _shortest(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    return str(network.network_address) if network.num_addresses == 1 else str(network)
