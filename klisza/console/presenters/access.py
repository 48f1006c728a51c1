"""An access to somebody's data in words, with the name of who it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from klisza.audit.models import AuditEvent

from . import words


@dataclass(frozen=True)
class Access:
    at: datetime
    what: str
    who: str
    reason: str
    was_refused: bool


def access(
    event: AuditEvent, *, actions: Mapping[str, object], staff: Mapping[str, str], carers: Mapping[str, str]
) -> Access:
    """actions: their words; staff, carers: names by account."""
    return Access(
        at=event.at,
        what=words.word(actions, event.action),
        who=_who(event, staff, carers),
        reason=event.reason,
        was_refused=event.outcome != "success",
    )


def _who(event: AuditEvent, staff: Mapping[str, str], carers: Mapping[str, str]) -> str:
    kind = words.word(words.AGENTS, event.agent_kind)
    if event.agent_kind == "staff":
        name = staff.get(event.agent_id, "")
        roles = ", ".join(words.word(words.ROLES, role) for role in event.role.split(",") if role)
        return " ".join(part for part in (kind, name, f"({roles})" if roles else "") if part)
    if event.role == "carer":
        return _("carer %(name)s") % {"name": carers.get(event.agent_id, "–")}
    return kind
