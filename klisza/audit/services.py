"""Writing audit rows."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Protocol

from klisza.base import clock

from .actor import Actor
from .models import AuditEvent


class _Row(Protocol):
    @property
    def pk(self) -> object: ...


def record(
    action: str,
    *,
    by: Actor,
    patient_id: uuid.UUID | None = None,
    objects: Iterable[_Row] = (),
    outcome: str = "success",
    reason: str = "",
) -> AuditEvent:
    """Insert one event into the caller's transaction, unchained; the worker chains it within 5 s.

    objects: saved model rows; kept as class name and primary key.
    A database error is the caller's: what cannot be recorded must not be shown (R69).
    """
    return AuditEvent.objects.create(
        at=clock.now(),
        action=action,
        outcome=outcome,
        agent_kind=by.kind,
        agent_id=by.id,
        role=by.role,
        source_ip=by.source_ip,
        client=by.client,
        patient_id=patient_id,
        objects_json=[{"kind": type(row).__name__, "id": str(row.pk)} for row in objects],
        reason=reason,
    )
