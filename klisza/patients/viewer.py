"""Who looks at patient-visible material: the one argument of the gate `examinations.queries.visible`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from klisza.audit.actor import Actor


@dataclass(frozen=True)
class ShareScope:
    """What one share lets a stranger see: a part of what its sharer may see at that very moment.

    series_ids: those that were there when it was made; what arrived later is not shared. sharer: as whom the
    gate asks.
    """

    share_id: uuid.UUID
    examination_ids: frozenset[uuid.UUID]
    series_ids: frozenset[uuid.UUID]
    with_report: bool
    may_download: bool
    sharer: Viewer


@dataclass(frozen=True)
class Viewer:
    """kind: "patient" | "carer" | "staff" | "guest". patient_ids: the survivor and all its aliases.

    access_epoch: the survivor's at the moment of asking; what lives longer than a request compares it on use.
    reason: why staff look, by which grant a carer does; empty for patients.
    account_id: whose browser it is; a carer's own, never the person's.
    grant_id, scope: of carers only; a scope the gate does not know shows nothing.
    until: the first moment at which a carer's or guest's right is over; what is given out for minutes ends there
    too.
    share: of guests, and of staff with whom somebody shares. Their patient_ids are empty: whoever does not ask
    the gate about the share shows nothing.
    """

    kind: str
    actor: Actor
    account_id: uuid.UUID | None
    patient_ids: frozenset[uuid.UUID]
    access_epoch: int
    reason: str = ""
    patient_id: uuid.UUID | None = None  # the survivor: whose log an event belongs to
    grant_id: uuid.UUID | None = None
    scope: str = ""  # all | no_reports | chosen
    is_guardian: bool = False
    until: datetime | None = None
    share: ShareScope | None = None
