"""Connections outside Django's request cycle."""

from __future__ import annotations

from django.db import DatabaseError, close_old_connections, connection


def drop_stale_connections() -> None:
    """What Django does at the start of a request: a connection that died or grew old is replaced.

    Inside a transaction there is nothing to replace, and Django would take the open transaction for a leak.
    """
    if not connection.in_atomic_block:
        close_old_connections()


def state_of_rows() -> object | None:
    """Equal to an earlier answer on this thread: nobody else has committed anything since. None: cannot be told.

    SQLite counts the commits of other connections (PRAGMA data_version); that costs far less than any query.
    """
    if connection.vendor != "sqlite":
        return None
    try:
        with connection.cursor() as cursor:
            (version,) = cursor.execute("PRAGMA data_version").fetchone()
    except DatabaseError:
        return None
    return id(connection.connection), version
