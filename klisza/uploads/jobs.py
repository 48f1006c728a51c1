"""What the worker does about files that patients hand in."""

from __future__ import annotations

from collections.abc import Callable

from .services import sorting, sweeping


def run_sort() -> int:
    return sorting.sort_arrived()


def run_ends() -> int:
    return sweeping.end_uploads()


def run_sweep() -> int:
    return sweeping.sweep()


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = (
    (1.0, run_sort),
    (600.0, run_ends),
    (900.0, run_sweep),
)
