"""Who has seen the data of one patient, for the data protection officer (N15)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from klisza.accounts.models import Account
from klisza.audit.models import AuditEvent
from klisza.patients import queries as patients
from klisza.patients.models import Patient

ROWS_A_PAGE = 100


def events_of(person: Patient, *, actions: Collection[str], before: int | None = None) -> list[AuditEvent]:
    """Of all records of the person, newest first, refused ones included. before: the number of an event."""
    rows = AuditEvent.objects.filter(patient_id__in=patients.aliases(person), action__in=actions)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[:ROWS_A_PAGE])


def staff_names(events: Iterable[AuditEvent]) -> dict[str, str]:
    """User names by account: the patient reads a role, the officer has to know who it was."""
    ids = {_uuid(event.agent_id) for event in events if event.agent_kind == "staff"}
    rows = Account.objects.filter(pk__in=[one for one in ids if one], kind=Account.Kind.STAFF)
    return {str(pk): name for pk, name in rows.values_list("pk", "user_name")}


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
