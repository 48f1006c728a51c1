"""The owner's list of devices in words (T-101)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .models import Session
from .services.revocation import subject_of


@dataclass(frozen=True)
class Device:
    key: str
    client: str  # 'Firefox, Android'; empty when it does not say
    network: str
    since: datetime
    seen_at: datetime
    is_this: bool


def devices(rows: Iterable[Session], *, own_key: str) -> list[Device]:
    """This browser first. own_key: the value of its cookie."""
    mine = subject_of(own_key)
    shown = [
        Device(row.session_key, row.client, row.network, row.since, row.seen_at, row.session_key == mine)
        for row in rows
        if row.since and row.seen_at
    ]
    return sorted(shown, key=lambda device: not device.is_this)
