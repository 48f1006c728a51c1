from __future__ import annotations

from .delivering import add_ready, close, delivery_for, mark_incomplete, refuse, remove

__all__ = ["add_ready", "close", "delivery_for", "mark_incomplete", "refuse", "remove"]
