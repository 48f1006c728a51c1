"""Who asked for a copy, a moment later: every piece of it is asked for anew (N13, R53).

Viewers whose right the layers above keep (guests of a share) are found by what those layers put into OTHERS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from klisza.accounts.models import Account
from klisza.accounts.services.sessions import row_goes_on
from klisza.audit.actor import Actor
from klisza.base.errors import NotFound
from klisza.patients import queries as patients
from klisza.patients.viewer import Viewer

from .models import Export

# By kind of viewer. Each raises NotFound when the right is over, and counts a running download as activity.
OTHERS: dict[str, Callable[[Export], Viewer]] = {}


def remembered(viewer: Viewer) -> dict[str, Any]:
    """For the row: enough to ask again, nothing that names anybody."""
    return {
        "kind": viewer.kind,
        "grant": str(viewer.grant_id or ""),
        "share": str(viewer.share.share_id) if viewer.share else "",
        "agent": viewer.actor.kind,
        "agent_id": viewer.actor.id,
        "role": viewer.actor.role,
        "reason": viewer.reason,
    }


def actor_of(export: Export) -> Actor:
    kept = export.viewer
    return Actor(kept["agent"], id=kept["agent_id"], role=kept["role"])


def viewer_of(export: Export) -> Viewer:
    """As of now. Raises NotFound: signed out, locked, merged away, the grant or the share is over."""
    kind = "share" if export.viewer["share"] else export.viewer["kind"]
    if kind in OTHERS:
        return OTHERS[kind](export)
    account = export.account and Account.objects.filter(pk=export.account.pk).first()
    if account is None or not account.is_active or not row_goes_on(row_key=export.session):
        raise NotFound
    actor = actor_of(export)
    if kind == "patient":
        return patients.viewer_for(account, actor)
    grant = patients.live_grant(account, export.viewer["grant"]) if kind == "carer" else None
    if grant is None:
        raise NotFound
    return patients.carer_viewer(account, grant, actor)
