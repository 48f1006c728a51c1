"""Who looks at patient-visible material: the one argument of the gate `examinations.queries.visible`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from klisza.audit.actor import Actor


@dataclass(frozen=True)
class Viewer:
    """kind: "patient" | "staff". patient_ids: the survivor and all its aliases.

    access_epoch: the survivor's at the moment of asking; what lives longer than a request compares it on use.
    reason: why staff look; empty for patients.
    """

    kind: str
    actor: Actor
    account_id: uuid.UUID | None
    patient_ids: frozenset[uuid.UUID]
    access_epoch: int
    reason: str = ""
    patient_id: uuid.UUID | None = None  # the survivor: whose log an event belongs to
