"""Staff with whose unit somebody shares: every page asks the share anew, as for a guest."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase

from klisza.accounts.decorators import staff_required
from klisza.accounts.middleware import PortalRequest
from klisza.patients.viewer import Viewer

from . import queries
from .models import Share

View = Callable[..., HttpResponseBase]


class Member(PortalRequest):
    """A request that has passed `member_required`."""

    share: Share
    viewer: Viewer


def member_required(view: View) -> View:
    """Raises NotFound for a share with another unit, one that is over, and none."""

    @wraps(view)
    def guarded(request: Any, share_id: UUID, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.share = queries.shared_with(request.account, share_id)
        request.viewer = queries.member_viewer(request.share, request.account, request.actor)
        return view(request, *args, **kwargs)

    return staff_required()(guarded)
