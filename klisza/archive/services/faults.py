"""A database that is locked, full or away means "try again later" to whoever sends us something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError

from klisza.base.errors import Unavailable

DATABASE_FAULTS = (OperationalError, InterfaceError)


@contextmanager
def database_faults() -> Iterator[None]:
    try:
        yield
    except DATABASE_FAULTS as fault:
        raise Unavailable("database") from fault
