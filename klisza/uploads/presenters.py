"""The files page's panel."""

from __future__ import annotations

from typing import Any

from . import queries
from .models import Delivery


def panel(delivery: Delivery) -> dict[str, Any]:
    """Context of uploads/panel.html; include it `with panel=panel`."""
    return {"delivery": delivery, "progress": queries.progress_of(delivery)}
