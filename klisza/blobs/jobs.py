from __future__ import annotations

from collections.abc import Callable

from .services import sweep


def run_sweep() -> int:
    """Runs first at the worker's start, so that what a crash left is gone soon after it is an hour old."""
    return sweep()


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = ((900.0, run_sweep),)
