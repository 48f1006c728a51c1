"""A guest whose copy is running, a moment later (R53)."""

from __future__ import annotations

from klisza.base.errors import NotFound
from klisza.exports.models import Export
from klisza.exports.returning import actor_of
from klisza.patients.viewer import Viewer

from . import queries, services


def viewer_of(export: Export) -> Viewer:
    """Raises NotFound when the visit or the share is over; a running copy keeps the visit awake."""
    visit = queries.visit_of(export.viewer["share"], export.session)
    if visit is None:
        raise NotFound
    viewer = queries.guest_viewer(visit.share, actor_of(export))
    services.touch(visit)
    return viewer
