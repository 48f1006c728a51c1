"""Connections outside Django's request cycle."""

from __future__ import annotations

from django.db import close_old_connections, connection


def drop_stale_connections() -> None:
    """What Django does at the start of a request: a connection that died or grew old is replaced.

    Inside a transaction there is nothing to replace, and Django would take the open transaction for a leak.
    """
    if not connection.in_atomic_block:
        close_old_connections()
