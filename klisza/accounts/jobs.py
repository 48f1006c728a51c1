"""Work of accounts that the worker does."""

from __future__ import annotations

from collections.abc import Callable

from . import services


def run_reset_requests() -> int:
    return services.answer_requests()


def run_overdue_locks() -> int:
    return services.lock_overdue()


def run_alarms() -> int:
    return services.watch_alarms()


def run_sweep() -> int:
    return services.sweep()


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = (
    (1.0, run_reset_requests),
    (10.0, run_overdue_locks),
    (15.0, run_alarms),
    (3600.0, run_sweep),
)
