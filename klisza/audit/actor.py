"""Who acts: passed as `by` to every service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """kind: account | staff | guest | system | machine | anonymous; id: our random id, never a name."""

    kind: str
    id: str = ""
    role: str = ""
    source_ip: str = ""
    client: str = ""


SYSTEM = Actor(kind="system")
REPLAY = Actor(kind="system", client="replay")
