"""Who is at the other end of a connection, and what the list of senders says of it."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError

from klisza.gateways import queries
from klisza.gateways.models import Hl7Peer

LIST_SECONDS = 2.0  # a sender that was removed is sent away this soon, also from an open connection


@dataclass
class Caller:
    """senders: the entries of the list that fit, the best first. is_open: strangers from here may send, too."""

    address: str
    certificate_name: str
    is_tls: bool
    is_open: bool
    senders: Sequence[Hl7Peer] = ()
    asked: float = -LIST_SECONDS

    @property
    def is_stale(self) -> bool:
        return time.monotonic() - self.asked >= LIST_SECONDS

    @property
    def may_stay(self) -> bool:
        return self.is_open or bool(self.senders)

    @property
    def limit(self) -> int:
        """Bytes of the largest message any of them may send."""
        sizes = [peer.frame_mb for peer in self.senders] + ([settings.HL7_FRAME_MB] if self.is_open else [])
        return max(sizes, default=1) * 1024 * 1024

    @property
    def only_name(self) -> str:
        """Of the sender when it can be one only: for the record of refusals."""
        return self.senders[0].name if len(self.senders) == 1 else ""

    def look(self) -> None:
        """Ask the list again; what was known stays while the database cannot be asked."""
        with suppress(DatabaseError):
            self.senders = queries.senders_at(
                self.address, certificate_name=self.certificate_name, is_tls=self.is_tls
            )
            self.asked = time.monotonic()


def is_open_to(address: str) -> bool:
    """KLISZA_HL7_OPEN: for trying things out on one machine."""
    return settings.HL7_OPEN and ipaddress.ip_address(address.partition("%")[0]).is_loopback
