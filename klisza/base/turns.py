"""Rows that a job works off: one that cannot be done must not keep the others waiting (L20)."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Protocol, TypeVar

import structlog
from django.db import InterfaceError, OperationalError

from klisza.base.errors import Unavailable

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 600.0  # then it is tried again: what was wrong may have been repaired
NOT_ITS_FAULT = (Unavailable, OperationalError, InterfaceError)


class Row(Protocol):
    @property
    def pk(self) -> Any: ...


T = TypeVar("T", bound=Row)


class Turns:
    """The rows of one job in this process. A row that fails is set aside for a while, and stands in the log."""

    def __init__(self, job: str) -> None:
        self.job = job
        self.again: dict[Hashable, float] = {}

    def take(self, fetch: Callable[[int], Iterable[T]], act: Callable[[T], object], *, limit: int) -> int:
        """fetch: the first so many rows that wait. act: does one of them, in a transaction of its own; False
        when there was nothing to do.

        Returns how many were done. Raises what tells of the database or the disk, not of the row.
        """
        now = time.monotonic()
        self.again = {key: at for key, at in self.again.items() if at > now}
        rows = [row for row in fetch(limit + len(self.again)) if row.pk not in self.again]
        return sum(self._do(row, act) for row in rows[:limit])

    @property
    def aside(self) -> list[Hashable]:
        return list(self.again)

    def _do(self, row: T, act: Callable[[T], object]) -> int:
        try:
            return int(act(row) is not False)
        except NOT_ITS_FAULT:
            raise
        except Exception as fault:  # noqa: BLE001 - whatever is wrong with one row is not the others' fault
            self.again[row.pk] = time.monotonic() + PAUSE_SECONDS
            log.error(
                "row_failed", job=self.job, row=f"{type(row).__name__} {row.pk}", error=type(fault).__name__
            )
            return 0
